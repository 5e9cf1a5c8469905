"""A statement that the server continues after its client was killed is waited for."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.errors import Locked
from sqlalchemy_manage.migrations.guards.journal.step_state import session_of, wait_for

SLEEP = {"postgresql": "SELECT pg_sleep({})", "mariadb": "SELECT SLEEP({})"}


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
@pytest.mark.parametrize("seconds", [0.5, 3])
def test_its_end_is_seen_within_a_transaction(
    backend: str, seconds: float, database_url: str
) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.connect() as other, engine.connect() as waiting:
        number = session_of(other)
        assert number is not None
        sleep = SLEEP[backend].format(seconds)
        thread = threading.Thread(target=other.exec_driver_sql, args=(sleep,))
        thread.start()
        time.sleep(0.2)
        waiting.exec_driver_sql("SELECT 1")  # its transaction has begun
        if seconds > 1:
            with pytest.raises(Locked, match=f"its process {number}"):
                wait_for(waiting, [number], 0.5)
        wait_for(waiting, [number], 20)
        thread.join(1)
        assert not thread.is_alive()

"""Processes that migrate at once: every revision runs once, and a killed holder frees the rest."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from race import child, judged, load, make_project, race

pytestmark = pytest.mark.slow(reason="races")

load()


def test_eight_at_once(tmp_path: Path, backend: str, new_database: Callable[..., str]) -> None:
    folder = make_project(tmp_path / "project")
    for _ in range(2):
        url = new_database(backend)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        assert judged(engine, race(folder, url)) == ""


SLEEPS = """
def upgrade():
    import os, time
    if not os.path.exists({flag!r}):
        open({flag!r}, "w").close()
        time.sleep(60)
"""


def test_a_killed_holder_lets_the_next_one_go_on(
    tmp_path: Path, backend: str, new_database: Callable[..., str]
) -> None:
    folder = make_project(tmp_path / "project")
    flag = tmp_path / "holds"
    path = folder / "migrations" / "versions" / "0002_two.py"
    text = path.read_text()
    start = text.index("def upgrade")
    sleeps = SLEEPS.format(flag=str(flag)) + text[start:].partition("\n")[2].replace(
        "\n\n\ndef", "\n\ndef", 1
    )
    path.write_text(text[:start] + sleeps)
    url = new_database(backend)
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    logs = [tmp_path / name for name in ("holder", "waiter")]
    read, write = os.pipe()
    os.close(write)  # nobody has to be waited for
    holder = fork(folder, url, read, logs[0])
    until(flag.exists)
    waiter = fork(folder, url, read, logs[1])
    until(lambda: logs[1].exists() and "waiting up to" in logs[1].read_text())
    assert os.waitpid(waiter, os.WNOHANG) == (0, 0)
    os.kill(holder, signal.SIGKILL)
    killed = time.monotonic()
    os.waitpid(holder, 0)
    code = os.waitstatus_to_exitcode(os.waitpid(waiter, 0)[1])
    took = time.monotonic() - killed
    said = logs[1].read_text()
    assert judged(engine, [(code, said)]) == ""
    # Two seconds, and what the two revisions themselves take on a busy machine.
    assert took < 6, took
    assert f"pid {holder}, since" in said


def fork(folder: Path, url: str, start: int, log: Path) -> int:
    pid = os.fork()
    if pid == 0:
        child(folder, url, start, log)
    return pid


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_race_that_went_wrong_is_seen(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE ran (name varchar(32))"))
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num varchar(32))"))
        connection.execute(sa.text("INSERT INTO ran VALUES ('0001_one'), ('0001_one')"))
    assert judged(engine, [(0, ""), (75, "locked")]).splitlines() == [
        "exit 75: locked",
        "ran ['0001_one', '0001_one']",
        "stands at []",
    ]

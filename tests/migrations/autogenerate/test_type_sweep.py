"""Every type that a column can have: written so that it runs, and equal to itself afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support.column_types import models, possible
from support.comparing import Database

NUMBERS = {"sqlite": 224, "postgresql": 244, "mariadb": 243}  # two more on SQLAlchemy 2.1
"""How many of the types there are on each database: none of them goes unnoticed."""
NAMED = r"(?i)enum|domain|create_constraint"
"""Types with an object of their own in the database, which goes by other operations."""


def _differences(database: Database, metadata: sa.MetaData) -> list[Any]:
    return [getattr(op, "column_name", op.to_diff_tuple()) for op in database.operations(metadata)]


@pytest.mark.filterwarnings("ignore")  # SQLAlchemy tells of types that it does not know
def test_every_type_is_written_and_compares_equal(backend: str, engine: sa.Engine) -> None:
    database = Database(engine)
    if backend == "postgresql":
        database.execute("CREATE EXTENSION citext", "CREATE EXTENSION hstore")
    types = dict(possible(engine))
    assert len(types) >= NUMBERS[backend]
    metadata = models(types)
    database.compare(metadata)
    database.run(database.code[0], metadata)
    assert _differences(database, metadata) == [], database.code[0]

    # The same with the types as the database names them: the columns go and come back.
    assert _differences(database, models(types, keep=NAMED))
    there, back = database.code
    database.run(there, metadata)
    database.run(back, metadata)
    assert _differences(database, metadata) == [], back

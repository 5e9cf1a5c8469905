"""What each database says of a refused row, read as kind, table, columns, constraint."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from support.refused_rows import REFUSED, metadata, thing

from sqlalchemy_manage.databases.constraint_errors import Violation, violation


@pytest.mark.parametrize(("values", "kind", "columns"), REFUSED)
def test_each_kind(
    engine: sa.Engine, values: dict[str, object], kind: str, columns: tuple[str, ...]
) -> None:
    name = engine.dialect.name
    if name == "sqlite" and kind == "too long":
        kind, values, columns = "UNIQUE", {"code": "one"}, ("code",)  # it keeps any length
    metadata.create_all(engine)
    with engine.connect() as connection:
        if name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.execute(sa.insert(thing).values(code="one", a=1, b=1))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(sa.insert(thing).values(**values))
    found = violation(caught.value, metadata.sorted_tables)
    # SQLite does not say which foreign key, PostgreSQL not which column is too short.
    silent = (name, kind) in {("sqlite", "FOREIGN KEY"), ("postgresql", "too long")}
    assert (found.kind, found.table) == (kind, "row_of_things")
    assert found.columns == (() if silent else columns)


def test_an_error_that_is_not_understood() -> None:
    error = DBAPIError("INSERT INTO elsewhere VALUES (1)", None, Exception("the moon is full"))
    assert violation(error, []) == Violation("refused", "elsewhere", ())

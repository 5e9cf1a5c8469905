"""Values of a column whose type changes: converted, or the revision stops."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql

from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.autogenerate import plugins
from sqlalchemy_manage.migrations.operations.conversions import kind_of, using

assert plugins  # registers the implementations

DAY, TIME = datetime.date(2026, 1, 31), datetime.datetime(2026, 1, 31, 9, 30)
HEX = "5f0c6e0e5b1e4d6c9a570d3c1a2b3c4d"
DASHED = "5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d"


def converted(old: Any, values: list[Any], new: Any) -> list[Any]:
    """What SQLite has after the rebuild, read by the new type."""
    engine = sa.create_engine("sqlite://")
    metadata = sa.MetaData()
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer), sa.Column("c", old))
    with engine.begin() as connection:
        metadata.create_all(connection)
        for number, value in enumerate(values):
            connection.execute(table.insert(), {"id": number, "c": value})
        with Operations(MigrationContext.configure(connection)).batch_alter_table("t") as batch:
            batch.alter_column("c", type_=new, existing_type=old)
        as_new = sa.table("t", sa.column("id"), sa.column("c", new))
        return list(connection.scalars(sa.select(as_new.c.c).order_by(as_new.c.id)))


@pytest.mark.parametrize(
    ("old", "values", "new", "becomes"),
    [
        (sa.Date(), [DAY, None], sa.DateTime(), [datetime.datetime(2026, 1, 31), None]),
        (sa.DateTime(), [TIME, None], sa.Date(), [DAY, None]),
        (sa.DateTime(), [TIME], sa.Time(), [datetime.time(9, 30)]),
        (sa.Date(), [DAY], sa.String(10), ["2026-01-31"]),
        (sa.String(10), ["2026-01-31", None], sa.Date(), [DAY, None]),
        (sa.String(30), ["2026-01-31 09:30:00"], sa.DateTime(), [TIME]),
        (sa.String(9), ["5", " 17 ", "-3", "007", None], sa.Integer(), [5, 17, -3, 7, None]),
        (sa.String(9), ["1.5", "2"], sa.Float(), [1.5, 2.0]),
        (sa.String(9), ["true", "0", "T", None], sa.Boolean(), [True, False, True, None]),
        (sa.Integer(), [5, 0, None], sa.Boolean(), [True, False, None]),
        (sa.Integer(), [5, None], sa.String(9), ["5", None]),
        (sa.String(36), [DASHED, HEX.upper()], sa.Uuid(as_uuid=False), [DASHED, DASHED]),
        (sa.String(9), ["5"], sa.Text(), ["5"]),
    ],
)
def test_on_sqlite(old: Any, values: list[Any], new: Any, becomes: list[Any]) -> None:
    assert converted(old, values, new) == becomes


@pytest.mark.parametrize(
    ("values", "new", "says"),
    [
        (
            ["5", "many", "12abc"],
            sa.Integer(),
            "2 values of t.c cannot become Integer(), for example 'many'",
        ),
        (["1.5"], sa.Integer(), "1 value of t.c cannot become Integer()"),
        ([""], sa.Integer(), "1 value of t.c"),
        (["1,5"], sa.Numeric(9, 2), "1 value of t.c"),
        (["31.1.2026"], sa.Date(), "1 value of t.c cannot become Date(), for example '31.1.2026'"),
        (["2026-13-01"], sa.DateTime(), "1 value of t.c"),
        (["yes"], sa.Boolean(), "1 value of t.c cannot become Boolean()"),
    ],
)
def test_a_value_that_sqlite_would_lose_stops_the_revision(
    values: list[str], new: Any, says: str
) -> None:
    with pytest.raises(MigrationError) as caught:
        converted(sa.String(20), values, new)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (sa.String(9), sa.Integer(), "c::INTEGER"),
        (sa.Text(), sa.Numeric(6, 2), "c::NUMERIC(6, 2)"),
        (sa.String(9), sa.Uuid(), "c::UUID"),
        (sa.Integer(), sa.Boolean(), "c <> 0"),
        (sa.Boolean(), sa.BigInteger(), "c::integer::BIGINT"),
        # Spelt out, these would cut what is too long.
        (sa.String(9), sa.String(3), None),
        (sa.Integer(), sa.String(3), None),
        (sa.Date(), sa.DateTime(), None),
        (sa.Integer(), sa.BigInteger(), None),
        # Of these others take care.
        (sa.String(9), sa.Enum("a", "b"), None),
        (sa.String(9), sa.JSON(), None),
    ],
)
def test_how_postgresql_is_told(old: Any, new: Any, text: str | None) -> None:
    assert using("c", old, new, postgresql.dialect()) == text


def test_kinds_are_told_by_what_is_stored() -> None:
    class Money(sa.TypeDecorator[Any]):
        impl = sa.Numeric(9, 2)
        cache_ok = True

    found = [kind_of(type_) for type_ in (Money(), sa.Float(), sa.Boolean(), sa.Enum("a"))]
    assert found == ["number", "number", "boolean", "enum"]
    assert kind_of(sa.LargeBinary()) == ""

"""Values of a column whose type changes: equal, there and back, or named beforehand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from support.cases.conversions import CHANGES, TypeChange
from support.databases import query

from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.operations.conversions.kinds import kind_of
from sqlalchemy_manage.migrations.operations.conversions.postgresql import using
from sqlalchemy_manage.migrations.revisions.expected_loss import Expected

ANYTHING, NOTHING = None, Expected()


def alter(engine: sa.Engine, old: Any, new: Any, expected: Expected | None = NOTHING) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # the driver's own comes after the DDL
        operations = Operations(MigrationContext.configure(connection))
        impl: Any = operations.impl
        impl.expected = lambda: expected
        with operations.batch_alter_table("t") as batch:
            batch.alter_column("c", type_=new, existing_type=old)


def read(engine: sa.Engine, type_: Any) -> Any:
    table = sa.table("t", sa.column("id"), sa.column("c", type_))
    with engine.connect() as connection:
        found = [*connection.scalars(sa.select(table.c.c).order_by(table.c.id))]
    assert found[1:] == [None]
    return found[0]


def written(value: Any, type_: Any) -> Any:
    """What distinguishes values of a type, also where Python takes them for equal."""
    if isinstance(type_, postgresql.JSON) and isinstance(value, str):
        return json.loads(value)  # documents are equal whatever their spacing
    return value, str(value)


@pytest.mark.server
def test_a_value_is_the_same_there_and_back_or_it_is_named(
    backend: str, new_database: Callable[..., str]
) -> None:
    unprepared = {"prepare_threshold": None} if backend == "postgresql" else {}
    engine = sa.create_engine(new_database(backend), connect_args=unprepared)
    if backend == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION hstore")
    wrong: list[str] = []
    for change in CHANGES:
        if backend in change.only:
            try:
                _change(engine, change, change.on(backend))
            except (Exception, pytest.fail.Exception) as error:
                wrong.append(f"{change}: {type(error).__name__}: {error}")
    engine.dispose()
    assert not wrong, "\n".join(wrong)


def _change(engine: sa.Engine, change: TypeChange, outcome: str) -> None:
    old, new = change.old, change.new
    metadata = sa.MetaData()
    table = sa.Table(
        "t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("c", old)
    )
    with engine.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        for row in change.rows:
            connection.execute(table.insert().values(row))
    before, raw = read(engine, old), query(engine, "SELECT id, c FROM t ORDER BY id")
    if outcome == "kept":
        alter(engine, old, new)
        read(engine, new)
        alter(engine, new, old)
        assert written(read(engine, old), new) == written(before, new)
        return
    with pytest.raises(MigrationError) as caught:
        alter(engine, old, new)
    says = "would not survive" if outcome == "lost" else "cannot become"
    assert says in caught.value.message and "(id=3)" in caught.value.message
    assert query(engine, "SELECT id, c FROM t ORDER BY id") == raw
    if outcome == "lost":
        alter(engine, old, new, Expected(limits={"t.c": 1}))
        read(engine, new)
    else:
        with pytest.raises(MigrationError, match="cannot become"):
            alter(engine, old, new, ANYTHING)


def test_values_are_counted_and_one_is_named_with_what_would_become_of_it() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a TEXT, b INT, c FLOAT, PRIMARY KEY (a, b))")
        connection.exec_driver_sql("INSERT INTO t VALUES ('y', 2, 3.7), ('x', 1, 1.5), ('z', 3, 4)")
    with pytest.raises(MigrationError) as caught:
        alter(engine, sa.Float(), sa.Integer())
    assert caught.value.message == (
        "2 values of t.c would not survive as INTEGER, for example 1.5 (a='x', b=1) would become 2."
    )
    assert 'expected_loss = {"t.c": "all"}' in caught.value.hint
    assert "manage.py migrate --allow-loss t.c" in caught.value.hint
    for limits in ({"t.c": 1}, {"t.b": "all"}, {"u": "all"}):
        with pytest.raises(MigrationError):
            alter(engine, sa.Float(), sa.Integer(), Expected(limits=limits))
    alter(engine, sa.Float(), sa.Integer(), Expected(limits={"t": "all"}))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (sa.String(9), sa.Integer(), "c::INTEGER"),
        (sa.Text(), sa.Numeric(6, 2), "c::NUMERIC(6, 2)"),
        (sa.String(9), sa.Uuid(), "c::UUID"),
        (sa.String(9), sa.JSON(), "c::JSON"),
        (sa.Integer(), sa.Uuid(), "c::UUID"),
        (sa.Integer(), sa.Boolean(), "c <> 0"),
        (sa.Boolean(), sa.BigInteger(), "c::integer::BIGINT"),
        # Spelt out, these would cut what is too long.
        (sa.String(9), sa.String(3), None),
        (sa.Integer(), sa.String(3), None),
        (sa.Date(), sa.DateTime(), None),
        (sa.Integer(), sa.BigInteger(), None),
        # Of these others take care.
        (sa.String(9), sa.Enum("a", "b"), None),
    ],
)
def test_how_postgresql_is_told_where_it_cannot_be_asked(old: Any, new: Any, text: str) -> None:
    assert using("c", old, new, postgresql.dialect()) == text


def test_kinds_are_told_by_what_is_stored() -> None:
    class Price(sa.TypeDecorator[Any]):
        impl = sa.Numeric(9, 2)
        cache_ok = True

    types = (Price(), sa.Float(), sa.Boolean(), sa.Enum("a"), sa.LargeBinary(), sa.Interval())
    found = [kind_of(type_) for type_ in types]
    assert found == ["number", "float", "boolean", "enum", "binary", "interval"]
    assert kind_of(postgresql.INET()) == ""


def test_every_change_is_of_another_kind() -> None:
    """The table has no row twice."""
    texts = sorted(map(str, CHANGES))
    assert not [a for a, b in itertools.pairwise(texts) if a == b]


@pytest.mark.server
@pytest.mark.parametrize("existing", [None, sa.CHAR(32)])
def test_the_type_is_the_one_that_the_column_has_whatever_the_revision_says(
    backend: str, new_database: Callable[..., str], existing: Any
) -> None:
    if backend == "sqlite" and existing is not None:
        pytest.skip("of several types that are CHAR there, the revision says which")
    engine = sa.create_engine(new_database(backend), poolclass=sa.NullPool)
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("c", sa.Float(53)))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"id": 3, "c": 1.75}, {"id": 4, "c": None}])
    with pytest.raises(MigrationError, match=r"1 value of .* would not survive"):
        alter(engine, existing, sa.Integer())
    assert read(engine, sa.Float()) == 1.75

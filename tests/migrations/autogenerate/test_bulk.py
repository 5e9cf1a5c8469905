"""How many queries a comparison needs: so many a schema, whatever is in it. No times here."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from sqlalchemy_manage.migrations.autogenerate.plugins import comparing, include
from sqlalchemy_manage.migrations.autogenerate.state import state_of

MANY = 120
"""More than the 100 tables from which on Alembic reads whole schemas."""


def columns(number: int, schema: str | None) -> list[Any]:
    """Of each kind that a comparator looks at, in words that a database does not give back."""
    parent = ".".join(filter(None, (schema, f"item{number // 10}", "id")))
    state = sa.Column("state", sa.String(10), nullable=False, server_default="new")
    made = sa.Column("made", sa.DateTime, server_default=sa.func.now())
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        state,
        sa.Column("kind", sa.Enum("a", "b", name="kind", schema=schema), server_default="a"),
        sa.Column("size", sa.Enum("s", "l", name="size", native_enum=False, length=9)),
        sa.Column("active", sa.Boolean, server_default=sa.true()),
        sa.Column("price", sa.Numeric(10, 2), server_default="0.00", comment="it's net"),
        made,
        sa.Column("note", sa.Text),
        sa.Column("twice", sa.Numeric(12, 2), sa.Computed("price * 2", persisted=True)),
        sa.Column("parent_id", sa.ForeignKey(parent, name=f"fk_{number}")),
        sa.CheckConstraint("price BETWEEN 0 AND 100", name=f"ck_{number}_price"),
        sa.CheckConstraint(state.in_(["new", "old"]), name=f"ck_{number}_state"),
        sa.UniqueConstraint("state", "made", name=f"uq_{number}"),
        sa.Index(f"ix_{number}_open", state, postgresql_where=sa.text("active and price > 1")),
        sa.Index(f"ix_{number}_made", made.desc()),
    ]


def models(tables: int, *, serials: int = 0, schemas: tuple[str | None, ...] = (None,)) -> Any:
    metadata = sa.MetaData()
    for schema in schemas:
        for number in range(tables):
            sa.Table(f"item{number}", metadata, *columns(number, schema), schema=schema)
        for number in range(serials):
            key = sa.Column("id", sa.BigInteger, primary_key=True)
            sa.Table(f"serial{number}", metadata, key, schema=schema)
    return metadata


class Counted:
    """A database that a comparison finds equal to its models, and the queries it took."""

    def __init__(self, url: str, metadata: sa.MetaData) -> None:
        self.metadata = metadata
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        with self.engine.begin() as connection:
            for schema in {table.schema for table in metadata.tables.values()} - {None}:
                connection.execute(sa.schema.CreateSchema(str(schema)))
            metadata.create_all(connection)
        self.statements: list[str] = []
        sa.event.listen(
            self.engine, "before_cursor_execute", lambda *args: self.statements.append(args[2])
        )

    @contextmanager
    def context(self, ours: bool = True) -> Iterator[MigrationContext]:
        with self.engine.connect() as connection:
            options: dict[str, Any] = {"target_metadata": self.metadata}
            if ours:
                options |= include([self.metadata], connection.dialect.default_schema_name)
            yield MigrationContext.configure(connection, opts=options)

    def queries(self, ours: bool = True) -> int:
        with self.context(ours) as context:
            self.statements.clear()
            # Alembic's own sees differences that are none.
            assert not compare_metadata(context, self.metadata) or not ours
        return len(self.statements)


@pytest.fixture
def counted(new_database: Callable[..., str]) -> Callable[..., Counted]:
    def make(backend: str = "postgresql", *args: Any, **kw: Any) -> Counted:
        return Counted(new_database(backend), models(*args, **kw))

    return make


@pytest.mark.server
def test_queries_do_not_grow_with_tables(counted: Callable[..., Counted]) -> None:
    few = counted("postgresql", 2, serials=2).queries()
    assert counted("postgresql", MANY, serials=2).queries() == few
    assert counted("postgresql", 2, serials=MANY).queries() == few
    assert few < 20


@pytest.mark.server
def test_queries_of_a_schema_do_not_grow_with_its_tables(counted: Callable[..., Counted]) -> None:
    """Each schema costs the same few, the second one too; Alembic asks there for each table."""
    names = ("first", "second", "third")
    needed = [counted("postgresql", 2, schemas=names[:n]).queries() for n in (1, 2, 3)]
    assert needed[1] - needed[0] < 15
    assert needed[2] - needed[1] < 15
    assert counted("postgresql", 40, schemas=names).queries() == needed[2]


@pytest.mark.server
def test_another_comparison_asks_nothing(counted: Callable[..., Counted], backend: str) -> None:
    """Renames are found in a first comparison and tried in the next."""
    database = counted(backend, 3)
    with database.context() as context:
        assert compare_metadata(context, database.metadata) == []
        asked = len(database.statements)
        state_of(context).snapshot.rename_columns(None, "item2", {"note": "remark"})
        assert compare_metadata(context, database.metadata) != []
        state_of(context).snapshot.rename_columns(None, "item2", {"remark": "note"})
        assert compare_metadata(context, database.metadata) == []
        assert len(database.statements) == asked


@pytest.mark.server
@pytest.mark.parametrize("backend", ["sqlite", "mariadb"])
def test_what_is_read_table_by_table_is_read_once(
    counted: Callable[..., Counted], backend: str
) -> None:
    """SQLAlchemy has no bulk reflection there; we ask no more for a table than it does."""
    few, many = counted(backend, 2), counted(backend, 12)
    assert many.queries() - few.queries() <= many.queries(ours=False) - few.queries(ours=False)


def test_garbage_is_collected_again_after_a_comparison() -> None:
    with pytest.raises(KeyError), comparing():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    try:
        with comparing():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()

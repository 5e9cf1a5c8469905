"""Revisions from a comparison, run: what the tests of the comparators share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext

from sqlalchemy_manage.migrations.autogenerate import plugins
from sqlalchemy_manage.migrations.autogenerate.state import state_of
from sqlalchemy_manage.migrations.operations.implementations import without_needless_warnings
from sqlalchemy_manage.migrations.schema.snapshot import Snapshot
from sqlalchemy_manage.sql.expression_parser import tree
from sqlalchemy_manage.sql.expressions import plain
from support import databases

Define = Callable[[sa.MetaData], object]
"""Puts tables into a MetaData."""


@contextmanager
def quietly() -> Iterator[None]:
    """As the tool runs: warnings of losses, which do not happen, are not shown."""
    with without_needless_warnings():
        yield


def metadata_of(define: Define | sa.MetaData) -> sa.MetaData:
    if isinstance(define, sa.MetaData):
        return define
    metadata = sa.MetaData()
    define(metadata)
    return metadata


@dataclass
class Database:
    """A database under test: filled from models, compared with others, migrated."""

    engine: sa.Engine
    as_batch: bool = True
    statements: list[str] = field(default_factory=list)

    def create(self, define: Define | sa.MetaData) -> sa.MetaData:
        metadata = metadata_of(define)
        with self.engine.begin() as connection:
            metadata.create_all(connection)
        return metadata

    def execute(self, *statements: str) -> None:
        databases.execute(self.engine, *statements)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return databases.query(self.engine, query)

    def _context(self, connection: sa.Connection, metadata: sa.MetaData) -> MigrationContext:
        opts = plugins.include([metadata], connection.dialect.default_schema_name)
        opts |= {"target_metadata": metadata, "render_as_batch": self.as_batch}
        return MigrationContext.configure(connection, opts=opts)

    def compare(self, define: Define | sa.MetaData) -> ops.MigrationScript:
        """What Alembic makes of the models, with our comparators."""
        metadata = metadata_of(define)
        with self.engine.connect() as connection, quietly():
            context = self._context(connection, metadata)
            sent: list[str] = []
            sa.event.listen(
                connection, "before_cursor_execute", lambda c, cu, s, *a: sent.append(s)
            )
            script = produce_migrations(context, metadata)
            self.statements = list(sent)
            self.temporary_tables = [
                table
                for table in ("item", "doubtful")
                if _shown(connection, table).startswith("CREATE TEMPORARY")
            ]
            self.notices = state_of(context).notices
            self.code = tuple(
                render_python_code(
                    side,
                    render_as_batch=self.as_batch,
                    render_item=plugins.render_item,
                    migration_context=context,
                )
                for side in (script.upgrade_ops, script.downgrade_ops)
            )
        return script

    def operations(self, define: Define | sa.MetaData) -> list[Any]:
        """The operations of an upgrade, one after the other."""
        script = self.compare(define)
        return list(_flat(script.upgrade_ops.ops))

    def run(self, code: str, metadata: sa.MetaData | None = None) -> None:
        """Run the body of an upgrade or a downgrade."""
        from sqlalchemy.dialects import mysql, postgresql, sqlite

        lines = [line.removeprefix("    ") for line in code.splitlines()]
        names: dict[str, Any] = {n: m for n, m in sys.modules.items() if "." not in n}
        names |= {"sa": sa, "mysql": mysql, "postgresql": postgresql, "sqlite": sqlite}
        names["Text"] = sa.Text  # Alembic writes it so inside of another database's JSONB
        with self.engine.begin() as connection, quietly():
            context = self._context(connection, metadata or sa.MetaData())
            exec("\n".join(lines), names | {"op": Operations(context)})

    def describe(self) -> dict[str, Any]:
        """Everything reflection tells, in words that can be compared."""
        with self.engine.connect() as connection, quietly():
            snapshot = Snapshot(connection)
            facts = snapshot._load(None)
            return {
                kind: {table: _words(value) for table, value in found.items()}
                for kind, found in facts.items()
                if found is not None
            }


def _shown(connection: sa.Connection, table: str) -> str:
    """How a table is defined for this connection, as far as it may be a temporary one."""
    if connection.dialect.name == "postgresql":
        visible = f"SELECT relpersistence FROM pg_class WHERE oid = to_regclass('{table}')"
        return "CREATE TEMPORARY" if connection.exec_driver_sql(visible).scalar() == "t" else ""
    if connection.dialect.name == "mariadb" and sa.inspect(connection).has_table(table):
        return str(connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one()[1])
    return ""


def _flat(found: Any) -> Any:
    for operation in found:
        if isinstance(operation, ops.OpContainer):
            yield from _flat(operation.ops)
        else:
            yield operation


_SQL = ("default", "sqltext", "postgresql_where", "sqlite_where")


def _words(value: Any, key: str = "") -> Any:
    if isinstance(value, list):
        items = [_words(item) for item in value]
        return sorted(items, key=str) if items and isinstance(items[0], dict) else items
    if isinstance(value, dict):
        return {key: _words(item, key) for key, item in value.items()}
    if key in _SQL and value is not None:
        return tree(plain(str(value)))
    return repr(value) if isinstance(value, sa.types.TypeEngine) else str(value)


def there_and_back(database: Database, old: Define, new: Define) -> list[Any]:
    """From the models ``old`` to ``new`` and back, by the code that is written.

    The database has ``old`` already, and rows if the test wants some. The comparison is
    empty after the upgrade, and all is as it was after the downgrade. Returns the
    operations of the upgrade.
    """
    before = database.describe()
    assert database.operations(old) == [], database.code[0]
    found = database.operations(new)
    upgrade, downgrade = database.code
    database.run(upgrade)
    again = database.operations(new)
    assert again == [], f"{upgrade}\n--- and then\n{database.code[0]}"
    database.run(downgrade)
    after = database.describe()
    assert after == before, downgrade
    assert database.operations(old) == [], f"{downgrade}\n--- and then\n{database.code[0]}"
    return found

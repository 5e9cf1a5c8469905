"""Revisions made and run as the tool does it, without files: for the tests of enums."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import event
from sqlalchemy.dialects import mysql, postgresql

from sqlalchemy_manage.migrations.autogenerate import plugins
from sqlalchemy_manage.migrations.autogenerate.enums.order import order_enums
from sqlalchemy_manage.migrations.autogenerate.enums.questions import resolve_enum_values
from sqlalchemy_manage.migrations.questions import Answers
from support import databases
from support.scripted import Scripted

OPTIONS: dict[str, Any] = {
    "autogenerate_plugins": plugins.PLUGINS,
    "compare_server_default": True,
}


@dataclass
class Revision:
    """What a revision file would hold."""

    upgrade: str
    downgrade: str
    operations: list[Any]
    asked: list[Any] = field(default_factory=list)


class Tool:
    """One database, on which models are compared and revisions run."""

    def __init__(self, url: str, schemas: bool = False) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        self.schemas = schemas
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", self._connect)
            event.listen(self.engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))

    @staticmethod
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA legacy_alter_table=ON")

    def _context(self, connection: sa.Connection, metadata: sa.MetaData) -> MigrationContext:
        options = OPTIONS | {"target_metadata": metadata, "include_schemas": self.schemas}
        if self.schemas:
            names = {table.schema for table in metadata.tables.values()}
            options["include_name"] = lambda name, kind, _: kind != "schema" or name in names
        return MigrationContext.configure(connection, opts=options)

    def create(self, metadata: sa.MetaData) -> None:
        with self.engine.begin() as connection:
            metadata.create_all(connection)

    def execute(self, *statements: str) -> None:
        databases.execute(self.engine, *statements)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return databases.query(self.engine, sql)

    def column(self, sql: str) -> list[Any]:
        return [row[0] for row in self.query(sql)]

    def compare(
        self,
        metadata: sa.MetaData,
        answered: Iterable[Any] = (),
        *,
        rows: bool = True,
        batch: bool = True,
        **answers: Any,
    ) -> Revision:
        """The revision from the database to the models."""
        questioner = Scripted(answered)
        with self.engine.connect() as connection:
            context = self._context(connection, metadata)
            script = produce_migrations(context, metadata)
            upgrade, downgrade = script.upgrade_ops, script.downgrade_ops
            assert upgrade is not None and downgrade is not None
            resolve_enum_values(
                upgrade, connection if rows else None, Answers(**answers), questioner
            )
            order_enums(upgrade, connection.dialect)
            upgrade.reverse_into(downgrade)
            made = [
                render_python_code(o, render_as_batch=batch, migration_context=context)
                for o in (upgrade, downgrade)
            ]
        assert not questioner.answers
        return Revision(*made, upgrade.ops, questioner.asked)

    def run(self, code: str, metadata: sa.MetaData | None = None) -> None:
        """The body of an upgrade or a downgrade, in one transaction."""
        with self.engine.begin() as connection:
            self._run(code, self._context(connection, metadata or sa.MetaData()))

    def sql(self, code: str) -> str:
        """What ``--sql`` shows of it."""
        import io

        buffer = io.StringIO()
        name = self.engine.dialect.name
        options = {"as_sql": True, "output_buffer": buffer, "literal_binds": True}
        context = MigrationContext.configure(
            dialect_name=name, dialect_opts={"paramstyle": "named"}, opts=options
        )
        self._run(code, context)
        return buffer.getvalue()

    @staticmethod
    def _run(code: str, context: MigrationContext) -> None:
        operations = Operations(context)
        names = {"op": operations, "sa": sa, "postgresql": postgresql, "mysql": mysql}
        exec(f"def run():\n{textwrap.indent(textwrap.dedent(code), '    ')}\nrun()", names)

    def same(self, metadata: sa.MetaData) -> bool:
        """Whether the models and the database are equal; what differs is in the failure."""
        found = self.compare(metadata)
        assert found.operations == [], found.upgrade
        return True

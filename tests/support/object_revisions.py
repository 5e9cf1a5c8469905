"""A migrations folder, and databases it is run on: revisions written and run as text."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from sqlalchemy_manage.declared.definitions import Definition, read_definitions
from sqlalchemy_manage.migrations.autogenerate.declared_objects import arrange_objects
from sqlalchemy_manage.migrations.autogenerate.plugins import include
from sqlalchemy_manage.migrations.operations.types import render_item

PLUGINS = ["alembic.autogenerate.*", "sqlalchemy_manage.snapshot", "sqlalchemy_manage.objects"]

_FILE = """
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""


class Migrations:
    """A folder of revisions, and the engines that they are run on together."""

    def __init__(self, folder: Path, *engines: sa.Engine) -> None:
        self.folder = folder
        self.engines = [_as_migrated(engine) for engine in engines]
        self.versions = folder / "versions"
        self.versions.mkdir(parents=True)

    @property
    def count(self) -> int:
        return len(list(self.versions.glob("*.py")))

    def context(self, connection: sa.Connection, *metadata: sa.MetaData) -> MigrationContext:
        opts = include([*metadata], connection.dialect.default_schema_name)
        opts |= {
            "render_as_batch": True,
            "autogenerate_plugins": PLUGINS,
            "script": ScriptDirectory(str(self.folder)),
        }
        return MigrationContext.configure(connection, opts=opts)

    def operations(
        self, metadata: sa.MetaData, engine: sa.Engine | None = None
    ) -> list[tuple[Any, ...]]:
        """What the comparison says, as diff tuples."""
        with (engine or self.engines[0]).connect() as connection:
            found = produce_migrations(self.context(connection, metadata), metadata).upgrade_ops
            return found.as_diffs()

    def make(
        self,
        metadata: sa.MetaData,
        *,
        on: sa.Engine | None = None,
        first: tuple[ops.MigrateOperation, ...] = (),
    ) -> Path:
        """Write the next revision; ``first`` are operations that the comparison cannot find."""
        with (on or self.engines[0]).connect() as connection:
            context = self.context(connection, metadata)
            script = produce_migrations(context, metadata)
            up, down = script.upgrade_ops, script.downgrade_ops
            up.ops = [*first, *up.ops]
            arrange_objects(context, up)
            up.reverse_into(down)
            # Alembic's render_python_code takes no MetaData, and wants one where scripts are.
            plain = MigrationContext.configure(connection, opts={"render_as_batch": True})
            parts = [
                render_python_code(
                    part, render_as_batch=True, render_item=render_item, migration_context=plain
                )
                for part in (up, down)
            ]
        return self.write(*parts)

    def write(self, upgrade: str, downgrade: str = "pass") -> Path:
        number = self.count + 1
        text = _FILE.format(
            revision=f"{number:04d}",
            down=f"{number - 1:04d}" if number > 1 else None,
            upgrade=upgrade,
            downgrade=downgrade,
        )
        path = self.versions / f"{number:04d}.py"
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, path: Path, direction: str = "upgrade", engine: sa.Engine | None = None) -> None:
        """Run one revision on every engine, or on one."""
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for one in [engine] if engine else self.engines:
            with one.begin() as connection, Operations.context(self.context(connection)):
                getattr(module, direction)()


def objects(engine: sa.Engine, *wanted: str, schema: str | None = None) -> list[Definition]:
    """Everything named so, as the database has it."""
    with engine.connect() as connection:
        kinds = ("function", "view", "trigger")
        found = read_definitions(connection, [(k, schema, n) for n in wanted for k in kinds])
    return sorted(found, key=lambda d: (d.kind, d.name, str(d.table_name)))


def tables(*more: sa.Column) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "note",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.String(50)),
        *more,
    )
    return metadata


def key(backend: str) -> str:
    """The name under which the statements for a backend are declared."""
    return {"mariadb": "mysql"}.get(backend, backend)


def _as_migrated(engine: sa.Engine) -> sa.Engine:
    """``engine`` with the settings that migrations have on SQLite."""
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def connect(dbapi_connection: Any, record: Any) -> None:
            dbapi_connection.execute("PRAGMA legacy_alter_table=ON")

    return engine

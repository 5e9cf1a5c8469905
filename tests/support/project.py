"""A project in a folder, used as its user would: models edited, revisions written and run.

The commands run in this process, each with everything of the project imported anew.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from sqlalchemy_manage.cli import main
from sqlalchemy_manage.migrations.revisions.files import create_folder
from support import databases
from support.programs import Result, forget_modules, run

SETTINGS = """\
DATABASES = {{"default": {{"URL": {0!r}}}, "other": {{"URL": {1!r}}}}}
INSTALLED_APPS = ["staff"]
"""
MANAGE = """\
import os
import sys

from sqlalchemy_manage import main

os.environ.setdefault("MANAGE_SETTINGS_MODULE", "staff_settings")
if __name__ == "__main__":
    sys.exit(main())
"""
GIT_USER = {
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
NOTE = 'op.create_table("note", sa.Column("id", sa.Integer, primary_key=True))'
UNDOING = ("migrate", "rollback", "redo")
HEADER = """\
import datetime
import decimal
import enum

import sqlalchemy as sa
from sqlalchemy import *

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)


def table(name, *items, **kw):
    return Table(name, metadata, *items, **kw)


def key(name="id", type_=Integer, *more, **kw):
    return Column(name, type_, *more, primary_key=True, **kw)


"""


class ProjectFolder:
    """A project with one app on one database.

    Its revisions are made from its models by ``makemigrations``, or written by the test:
    then ``write_history`` comes first.
    """

    def __init__(self, folder: Path, url: str, written_on: str | None = None) -> None:
        self.folder = folder
        self.url = url
        self.author = ProjectFolder(folder, written_on) if written_on else None
        if self.author:
            settings = SETTINGS.format(written_on, url)
            (folder / "staff_settings.py").write_text(settings)
            return
        (folder / "staff").mkdir(parents=True)
        (folder / "staff" / "__init__.py").touch()
        (folder / "staff_settings.py").write_text(SETTINGS.format(url, url))
        (folder / "manage.py").write_text(MANAGE)

    @cached_property
    def engine(self) -> sa.Engine:
        """A plain engine, to look behind the tool's back."""
        return sa.create_engine(self.url, poolclass=sa.NullPool)

    @property
    def backend(self) -> str:
        return self.engine.dialect.name.replace("mysql", "mariadb")

    @property
    def file(self) -> Path:
        return self.folder / "staff" / "models.py"

    def models(self, text: str) -> None:
        """Make ``text`` the models, below the imports that all of them share."""
        self.file.write_text(HEADER + text)

    @property
    def versions(self) -> Path:
        return self.folder / "migrations" / "versions"

    @property
    def revisions(self) -> list[str]:
        return sorted(path.name for path in self.versions.glob("*.py"))

    def newest(self) -> str:
        """The text of the newest revision."""
        return (self.versions / self.revisions[-1]).read_text()

    def write_history(self) -> Self:
        """A migrations folder for revisions that the test writes; there are no models."""
        self.models("")
        create_folder(self.folder / "migrations")
        return self.for_alembic()

    def for_alembic(self) -> Self:
        """With what plain ``alembic`` has to know."""
        (self.folder / "pyproject.toml").write_text(
            '[tool.alembic]\nscript_location = "%(here)s/migrations"\nprepend_sys_path = ["."]\n'
        )
        return self

    def write(self, name: str, down: object, body: str, more: str = "") -> Path:
        """Write the file of a revision; ``body`` has its functions, ``more`` other names."""
        path = self.versions / f"{name}.py"
        self.versions.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'"""About {name}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
            f"revision = {name!r}\ndown_revision = {down!r}\n{more}\n\n{body}"
        )
        return path

    def revision(
        self, name: str, down: object, up: str = "pass", undo: str | None = "pass", more: str = ""
    ) -> Path:
        """Write a revision with these bodies, without a ``downgrade`` where ``undo`` is None."""
        body = f"def upgrade() -> None:\n{textwrap.indent(up, '    ')}\n"
        if undo is not None:
            body += f"\n\ndef downgrade() -> None:\n{textwrap.indent(undo, '    ')}\n"
        return self.write(name, down, body, more)

    def below(self, name: str) -> str | None:
        """The last revision before ``name`` by the numbers in their names."""
        found = [other[:-3] for other in self.revisions if other < name]
        return found[-1] if found else None

    def step(self, name: str, *lines: str, undo: str = "pass", more: str = "") -> Path:
        """Write a revision, or write it again, that follows the one before it by name."""
        return self.revision(name, self.below(name), "\n".join(lines) or "pass", undo, more)

    @contextlib.contextmanager
    def imported_anew(self) -> Iterator[None]:
        """Around whatever imports the project: its modules, as they are in the folder now."""
        before = (os.getcwd(), list(sys.path), sys.dont_write_bytecode, dict(os.environ))
        os.chdir(self.folder)
        os.environ.pop("DATABASE_URL", None)
        os.environ["MANAGE_SETTINGS_MODULE"] = "staff_settings"
        sys.path.insert(0, str(self.folder))
        # Two texts of one length within a second would share a .pyc file.
        sys.dont_write_bytecode = True
        importlib.invalidate_caches()
        try:
            yield
        finally:
            os.chdir(before[0])
            sys.path[:] = before[1]
            sys.dont_write_bytecode = before[2]
            os.environ.clear()
            os.environ.update(before[3])
            forget_modules(self.folder)

    def manage(self, *args: object) -> Result:
        """``manage.py ARGS`` with nobody at the terminal.

        Revisions are written on the other database, where there is one.
        """
        if self.author:
            if args[0] == "migrate" or "--check" not in args:
                done = self.author.manage(*args)
                if done.code or args[0] != "migrate":
                    return done
            args = (*args, "--database", "other")
        out, err = io.StringIO(), io.StringIO()
        with (
            self.imported_anew(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main([str(arg) for arg in args], prog_name="manage.py")
        return Result(code, out.getvalue(), err.getvalue())

    def done(self, *args: object) -> Result:
        """The same, for a command that has to succeed, whatever data it destroys."""
        result = self.manage(*args, *(["--allow-data-loss"] if args[0] in UNDOING else []))
        assert result.code == 0, result
        return result

    def begin(self, models: str) -> None:
        """The first revision, made from ``models`` and applied."""
        self.models(models)
        self.done("makemigrations", "--no-input")
        self.done("migrate")

    def spawn(self, *args: object) -> Result:
        """``manage.py ARGS`` in a process of its own."""
        return run(self.folder, "manage.py", *args)

    def alembic(self, *args: object) -> Result:
        """Plain ``alembic ARGS``, in a process of its own."""
        return run(self.folder, "-m", "alembic", *args, MANAGE_SETTINGS_MODULE="staff_settings")

    @contextlib.contextmanager
    def without_newest(self) -> Iterator[None]:
        """Meanwhile the newest revision is not there, as before it was written."""
        path = self.versions / self.revisions[-1]
        aside = path.rename(self.folder / path.name)
        yield
        aside.rename(path)

    @property
    def metadata(self) -> sa.MetaData:
        """The MetaData of the models as they are in the folder now."""
        with self.imported_anew():
            found: sa.MetaData = importlib.import_module("staff.models").metadata
        return found

    def execute(self, *statements: str) -> None:
        databases.execute(self.engine, *statements)

    def by_hand(self, statements: tuple[str, ...] | Mapping[str, tuple[str, ...]]) -> None:
        """Run ``statements``, for each kind of database its own."""
        if self.author:
            self.author.by_hand(statements)
        self.execute(*(statements if isinstance(statements, tuple) else statements[self.backend]))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return databases.query(self.engine, sql)

    def tables(self) -> set[str]:
        return databases.user_tables(self.engine)

    def heads(self) -> set[str]:
        """The revisions that the database is at."""
        return {version for (version,) in self.query("SELECT version_num FROM alembic_version")}

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=os.environ | GIT_USER,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self, message: str) -> str:
        """Commit everything; the short name of the commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "--short", "HEAD").strip()

    def insert(self, rows: Mapping[str, Any]) -> None:
        if self.author:
            self.author.insert(rows)
        metadata = self.metadata
        with self.engine.begin() as connection:
            for name, found in rows.items():
                for row in found:
                    connection.execute(metadata.tables[name].insert(), row)

    def data(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of the models' tables, every value read by its type in the models."""
        metadata, found = self.metadata, {}
        with self.engine.connect() as connection:
            for name, table in metadata.tables.items():
                keys = [column.name for column in table.primary_key] or [*table.c.keys()]
                rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
                found[name] = sorted(rows, key=lambda row: repr([row[key] for key in keys]))
        return found

    def schema(self) -> dict[str, Any]:
        """What reflection tells of every table, and the names of views and triggers."""
        with self.engine.connect() as connection:
            schemas = [None, *sorted({t.schema for t in self.metadata.tables.values() if t.schema})]
            found: dict[str, Any] = {}
            for schema in schemas:
                found |= _described(sa.inspect(connection), schema)
            if self.backend == "sqlite":
                rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master")
                for kind, name, sql in rows:
                    if kind in ("view", "trigger"):
                        found[f"{kind} {name}"] = _plain(sql)
                    elif kind == "table" and name in found:
                        words = sql.upper()
                        found[name]["options"] = [
                            w for w in ("AUTOINCREMENT", "COLLATE NOCASE", "STRICT") if w in words
                        ]
        return found


class SeededFolder(ProjectFolder):
    """A project whose every command has a process of its own.

    Factories stay in the process that imports them, and a seed looks at all that are there.
    """

    def manage(self, *args: object) -> Result:
        return self.spawn(*args)


def _plain(sql: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r'["`]', "", str(sql)))


def _described(inspector: Any, schema: str | None) -> dict[str, Any]:
    ours = {"alembic_version"}
    found: dict[str, Any] = {}
    for kind in (
        "columns",
        "pk_constraint",
        "foreign_keys",
        "indexes",
        "unique_constraints",
        "check_constraints",
        "table_comment",
    ):
        try:
            many = getattr(inspector, f"get_multi_{kind}")(schema=schema)
        except NotImplementedError:
            continue
        for (_, name), facts in many.items():
            if name not in ours and not name.startswith("sqlalchemy_manage_"):
                label = f"{schema}.{name}" if schema else name
                found.setdefault(label, {})[kind] = _comparable(facts)
    for name in inspector.get_view_names(schema=schema):
        found[f"view {schema}.{name}"] = True
    return found


def _comparable(facts: Any) -> Any:
    if isinstance(facts, list):
        return sorted((_comparable(item) for item in facts), key=repr)
    if isinstance(facts, dict):
        # Where a constraint's comment is not told, it is told as None or not at all.
        found = {k: _comparable(v) for k, v in sorted(facts.items()) if v not in (None, {}, [])}
        if "default" in found:
            # PostgreSQL: '3'::character varying
            found["default"] = re.sub(r"^'(.*)'(::[\w ]+)?$", r"\1", found["default"])
        return found
    if isinstance(facts, sa.types.TypeEngine):
        return repr(facts)
    return _plain(facts) if isinstance(facts, (str, sa.TextClause)) else facts

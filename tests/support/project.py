"""A project in a folder, used as its user would: models edited, revisions written and run.

The commands run in this process, each with everything of the project imported anew.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sqlalchemy_manage.cli import main
from support.databases import BACKENDS
from support.programs import Result

SETTINGS = """\
DATABASES = {{"default": {{"URL": {0!r}}}, "other": {{"URL": {1!r}}}}}
INSTALLED_APPS = ["staff"]
"""
MANAGE = """\
import os
import sys

from sqlalchemy_manage import main

os.environ.setdefault("MANAGE_SETTINGS_MODULE", "staff_settings")
sys.exit(main())
"""
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


class App:
    """A project with one app on one database."""

    def __init__(self, folder: Path, url: str, written_on: str | None = None) -> None:
        self.folder = folder
        self.url = url
        self.author = App(folder, written_on) if written_on else None
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
    def revisions(self) -> list[str]:
        folder = self.folder / "migrations" / "versions"
        return sorted(path.name for path in folder.glob("*.py"))

    def newest(self) -> str:
        """The text of the newest revision."""
        return (self.folder / "migrations" / "versions" / self.revisions[-1]).read_text()

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
            for name in list(sys.modules):
                if name == "staff_settings" or name.partition(".")[0] == "staff":
                    del sys.modules[name]

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

    @contextlib.contextmanager
    def without_newest(self) -> Iterator[None]:
        """Meanwhile the newest revision is not there, as before it was written."""
        path = self.folder / "migrations" / "versions" / self.revisions[-1]
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
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def by_hand(self, statements: tuple[str, ...] | Mapping[str, tuple[str, ...]]) -> None:
        """Run ``statements``, for each kind of database its own."""
        if self.author:
            self.author.by_hand(statements)
        self.execute(*(statements if isinstance(statements, tuple) else statements[self.backend]))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

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


@dataclass(frozen=True)
class Case:
    """Models, rows, the models changed, and what has to become of them.

    ``after``: the new models, or what is replaced in the old ones. ``does``: the
    operations in words, ``*`` for what differs from database to database. ``tables`` and
    ``columns``: the new names of what holds the same data afterwards. ``becomes``: the
    values of a column that are others or new, one for all rows or one a row. ``lost``:
    tables and columns whose data a downgrade cannot bring back; ``back``: values that are
    others after it than they were; ``nullable``: columns that it brings back without their
    NOT NULL. ``first`` and ``sql``: done by hand before the first revision, and before the
    change. ``reads``: a query with the same answer at every step, asked after ``writes``, a
    statement for the old names and one for the new, which is rolled back. ``next_id``: the
    id that a row of a table gets in the end.
    """

    before: str
    after: str | tuple[tuple[str, str], ...]
    rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    does: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    becomes: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    back: Mapping[str, Any] = field(default_factory=dict)
    nullable: tuple[str, ...] = ()
    first: str = ""
    sql: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    writes: tuple[str, str] = ("", "")
    reads: str = ""
    next_id: Mapping[str, int] = field(default_factory=dict)
    only: tuple[str, ...] = BACKENDS

    @property
    def changed(self) -> str:
        """The models after the change."""
        if isinstance(self.after, str):
            return self.after
        text = self.before
        for old, new in self.after:
            assert old in text, old
            text = text.replace(old, new)
        return text

    def expected(self, data: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """``data`` as it is after the change."""
        found = {}
        for name, rows in data.items():
            new, names = self.tables.get(name, name), self.columns.get(name, {})
            kept = [
                {
                    names.get(c, c): value
                    for c, value in row.items()
                    if f"{name}.{c}" not in self.lost or f"{new}.{c}" in self.becomes
                }
                for row in rows
            ]
            if name not in self.lost:
                found[new] = kept
        return _with(found, self.becomes)

    def undone(self, data: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """``data`` as it is after an upgrade and a downgrade."""
        found = {name: [dict(row) for row in rows] for name, rows in data.items()}
        found |= {table: [] for table in self.lost if table in found}
        return _with(found, {p: None for p in self.lost if p not in found} | dict(self.back))


def _with(
    data: dict[str, list[dict[str, Any]]], values: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    for place, found in values.items():
        table, _, column = place.rpartition(".")
        rows = data.setdefault(table, [])
        for row, value in zip(
            rows, found if isinstance(found, list) else [found] * len(rows), strict=True
        ):
            row[column] = value
    return data

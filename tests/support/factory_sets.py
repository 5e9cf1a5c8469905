"""A set of models and factories, seeded beside what ``create_batch`` makes of it.

A set is a file of ``tests/projects/factory_sets`` with cells: ``models``, ``factories``,
``counts`` (factory -> rows, in the order in which ``create_batch`` is called), ``equal``
(queries whose rows are the same whatever is drawn) and, where there are any, ``never``
(queries that find nothing) and ``own`` (rows that are the user's own).
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from support.programs import PROJECTS, Result, run

SETS = PROJECTS / "factory_sets"
HEADERS = {
    "models.py": """\
import datetime
import decimal
import enum
import uuid
from typing import Any, Optional

import sqlalchemy as sa
from sqlalchemy import *
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import *


class Base(DeclarativeBase):
    pass


""",
    "factories.py": """\
import datetime
import decimal
import random
import uuid

import factory
from factory import fuzzy
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy_manage.seeding import Link, Links

from .models import *
from .db import Session


""",
}
FILES = {
    "shop/__init__.py": "",
    "shop/db.py": """\
import os

from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"])
Session = scoped_session(sessionmaker(engine))
""",
    "settings.py": """\
DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
INSTALLED_APPS = ["shop"]
""",
    "manage.py": """\
import sys

from sqlalchemy_manage import main

sys.exit(main())
""",
    # create.py [FACTORY=COUNT ...]: the tables, the user's own rows, and these rows; or
    # create.py empty: only the tables.
    "create.py": """\
import random
import sys

import factory.random

from shop import factories, models
from shop.db import Session, engine

models.Base.metadata.create_all(engine)
if sys.argv[1:] == ["empty"]:
    sys.exit()
with open("own.txt") as file:
    exec(file.read(), {**vars(models), "session": Session})
Session.commit()
random.seed(20)
factory.random.reseed_random(20)
for pair in sys.argv[1:]:
    name, count = pair.split("=")
    getattr(factories, name).create_batch(int(count))
Session.commit()
""",
}
Contents = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class FactorySet:
    """The cells of a file."""

    name: str

    @cached_property
    def cells(self) -> dict[str, str]:
        text = (SETS / f"{self.name}.py").read_text()
        _, *parts = re.split(r"^# %% (.+)\n", text, flags=re.M)
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def _literal(self, cell: str) -> Any:
        return ast.literal_eval(self.cells.get(cell, "None").strip())

    @property
    def counts(self) -> list[str]:
        return [f"{name}={count}" for name, count in self._literal("counts").items()]

    @property
    def equal(self) -> list[str]:
        found: list[str] = self._literal("equal")
        return found

    @property
    def never(self) -> list[str]:
        return self._literal("never") or []

    def write(self, folder: Path) -> None:
        """The project of the set."""
        (folder / "shop").mkdir(parents=True)
        for name, text in FILES.items():
            (folder / name).write_text(text)
        for name, header in HEADERS.items():
            (folder / "shop" / name).write_text(header + self.cells[name.removesuffix(".py")])
        (folder / "own.txt").write_text(self.cells.get("own", ""))


@dataclass
class SeededSet:
    """A set in a folder, and new databases for it."""

    it: FactorySet
    folder: Path
    new_url: Callable[[], str]

    def __post_init__(self) -> None:
        self.it.write(self.folder)

    def done(self, url: str, *args: object) -> Result:
        result = run(self.folder, *args, url=url)
        assert result.code == 0, result
        return result

    def manage(self, url: str, *args: object) -> Result:
        return self.done(url, "manage.py", *args)

    def created(self, *counts: str) -> str:
        """A database with the tables, the user's own rows, and rows by ``create_batch``."""
        url = self.new_url()
        self.done(url, "create.py", *counts)
        return url

    def prove(self) -> None:
        """Seed, compare, dump, load, seed again, undo twice."""
        theirs, ours, loaded = self.created(*self.it.counts), self.created(), self.new_url()
        before = contents(ours)
        self.manage(ours, "seed", "--random-seed", 1, *self.it.counts)
        seeded = contents(ours)
        self._alike(ours, theirs)
        for url in (ours, theirs):
            assert "links ok" in self.manage(url, "checklinks").stdout
        self.manage(ours, "dumpdata", "-o", "dump.json")
        self.done(loaded, "create.py", "empty")
        self.manage(loaded, "loaddata", "./dump.json")
        same(contents(loaded), seeded)
        self.manage(ours, "seed", "--random-seed", 2, *self.it.counts)
        twice = contents(ours)
        assert sum(map(len, twice.values())) > sum(map(len, seeded.values()))
        self.manage(ours, "checklinks")
        self.manage(ours, "seed", "--undo")
        same(contents(ours), seeded)
        self.manage(ours, "seed", "--undo")
        same(contents(ours), before)

    def _alike(self, ours: str, theirs: str) -> None:
        made, expected = contents(ours), contents(theirs)
        assert {t: len(rows) for t, rows in made.items()} == {
            t: len(rows) for t, rows in expected.items()
        }
        differ = kinds(ours).items() ^ kinds(theirs).items()
        assert not differ, sorted(differ)
        for query in self.it.equal:
            found = rows(theirs, query)
            assert found, query
            answer = rows(ours, query)
            assert answer == found, f"{query}: {answer}, not {found}"
        for query in self.it.never:
            assert (rows(theirs, query), rows(ours, query)) == ([], []), query


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(query))]
    return sorted(found, key=repr)


def same(found: Contents, expected: Contents) -> None:
    """Tell the rows that differ, and no others."""
    lost = {t: [row for row in expected[t] if row not in rows] for t, rows in found.items()}
    new = {t: [row for row in rows if row not in expected[t]] for t, rows in found.items()}
    assert not any([*lost.values(), *new.values()]), f"lost {lost}, new {new}"
    assert found == expected


def _tables(connection: sa.Connection) -> list[sa.Table]:
    metadata = sa.MetaData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        metadata.reflect(connection)
    return [t for name, t in sorted(metadata.tables.items()) if "sqlalchemy_manage" not in name]


def contents(url: str) -> Contents:
    """All rows of all tables but the tool's own."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {
            table.name: sorted((_plain(row) for row in _raw(connection, table)), key=repr)
            for table in _tables(connection)
        }


def _plain(row: Any) -> tuple[Any, ...]:
    """SQLite's own CURRENT_TIMESTAMP has whole seconds, and SQLAlchemy writes six digits."""
    return tuple(v.removesuffix(".000000") if isinstance(v, str) else v for v in row)


def _raw(connection: sa.Connection, table: sa.Table) -> list[Any]:
    name = connection.dialect.identifier_preparer.format_table(table)
    return list(connection.exec_driver_sql(f"SELECT * FROM {name}"))


def kinds(url: str) -> dict[str, str]:
    """Column -> the types of its values, with none, some or only NULLs, and for a key of
    another table how many rows it refers to: to one, or to how large a part."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    found = {}
    with engine.connect() as connection:
        for table in _tables(connection):
            every = _raw(connection, table)
            for place, column in enumerate(table.c):
                values = [row[place] for row in every]
                there = [value for value in values if value is not None]
                types = sorted({type(value).__name__ for value in there})
                missing = "no NULL" if len(there) == len(values) else "some NULL"
                found[f"{table.name}.{column.name}"] = f"{' '.join(types)}, {missing}"
                if column.foreign_keys and there:
                    each = len({json.dumps(v, default=str) for v in there})
                    share = "one each" if each == len(there) else "one" if each == 1 else "some"
                    found[f"{table.name}.{column.name}"] += f", {share}"
    return found

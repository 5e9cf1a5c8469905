"""Hard names in every place for one: all commands work and --check is clean, or it is refused.

Every name in every place: TEST_CASES=all python manage.py test tests/migrations/test_names.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import BACKENDS
from support.evolution import HEADER, Evolution, walk
from support.hard_names import NAMES, PLACES, Item, factories, models, refused, rows
from support.project import ProjectFolder

# The tests' own look at the schema goes through SQLAlchemy's reflection.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown schema content"),
    pytest.mark.filterwarnings("ignore:.*SQL-parsed foreign key constraint"),
]
EVERY = os.environ.get("TEST_CASES") == "all"
MIXED = [p for p in PLACES if p != "schema"]
RENAMED = ("table", "column", "key")


def works(backend: str, place: str) -> list[str]:
    return [name for name in NAMES if not refused(backend, place, name)]


def together() -> Iterator[Any]:
    """Places and names of one project: one name in each place, and each time another.

    With TEST_CASES=all every name that works is in every place.
    """
    slow = pytest.mark.slow(reason="a big table of cases")
    for backend in BACKENDS:
        for start, convention in enumerate((False, True)):
            pairs = []
            for number, place in enumerate(MIXED):
                # No name twice: on PostgreSQL tables, indexes and sequences share theirs.
                taken = {name for _, name in pairs}
                names = [name for name in works(backend, place) if name not in taken]
                pairs.append((place, names[(7 * number + 11 * start) % len(names)]))
            if convention and backend != "sqlite" and not EVERY:
                continue
            marks = [slow] if backend != "sqlite" or convention else []
            label = "by convention" if convention else "plain"
            yield pytest.param(backend, pairs, convention, marks=marks, id=f"{backend}-{label}")
        if EVERY:
            for place in MIXED:
                pairs = [(place, name) for name in works(backend, place)]
                yield pytest.param(backend, pairs, False, marks=slow, id=f"{backend}-{place}")


def items_of(pairs: list[tuple[str, str]]) -> list[Item]:
    return [PLACES[place](NAMES[name], number) for number, (place, name) in enumerate(pairs)]


def use(app: ProjectFolder, items: list[Item]) -> None:
    """Every command that reads or writes rows, or shows names."""
    dumped = app.done("dumpdata").stdout
    (app.folder / "rows.json").write_text(dumped)
    app.done("loaddata", "rows.json")
    assert app.done("dumpdata").stdout == dumped
    for command in ("checklinks", "showmigrations", "check --drift", "migrate --plan"):
        app.done(*command.split())
    for revision in app.revisions:
        app.done("sqlmigrate", revision[:-3])
    (app.folder / "staff" / "factories.py").write_text(factories(items))
    app.done("seed", *(f"Child{item.number}=2" for item in items))
    app.done("checklinks")
    app.done("seed", "--undo")
    assert app.done("dumpdata").stdout == dumped


@pytest.mark.parametrize(("backend", "pairs", "convention"), list(together()))
def test_what_works(
    backend: str,
    pairs: list[tuple[str, str]],
    convention: bool,
    tmp_path: Path,
    new_database: Callable[..., str],
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    items = items_of(pairs)
    before = models(items, convention=convention)
    after = models(items, later=True, convention=convention)
    walk(app, Evolution(before, after, rows(items)))
    app.insert(rows(items))
    use(app, items)


@pytest.mark.parametrize(
    ("backend", "place"),
    [
        (backend, place)
        for place in RENAMED
        for backend in BACKENDS
        if EVERY or backend == "sqlite" or place == "column"
    ],
)
def test_the_printed_flags_of_a_rename(
    backend: str, place: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    """A flag is one line, and names of tables with a dot are those of schemas in it."""
    names = [name for name in works(backend, place) if name not in ("newline", "dot")]
    if not EVERY:
        names = names[RENAMED.index(place) + BACKENDS.index(backend) :: 12]
    old = items_of([(place, name) for name in names])
    new = [PLACES[place](f"plain_{item.number}", item.number) for item in old]
    renamed = {}
    for before, after in zip(old, new, strict=True):
        renamed[before.label] = after.label
        renamed[f"{before.label}.{before.key}"] = after.key
        renamed[f"{before.label}.{before.column}"] = after.column
    renamed = {name: becomes for name, becomes in renamed.items() if name != becomes}

    def choose(asked: Any) -> str:
        """The name that is meant: several tables of one kind could be each other."""
        wanted = [f"={after.label}" if place == "table" else "." for after in new]
        first = [flag for flag in asked.answers if flag.startswith("--rename")]
        meant = [flag for flag in first if any(word in flag for word in wanted)]
        return (meant or first or asked.answers)[0]

    app = ProjectFolder(tmp_path / "project", new_database(backend))
    if place != "table":
        walk(app, Evolution(models(old), models(new), rows(old), renamed, choose=choose))
        return
    for item, after in zip(old, new, strict=True):  # one at a time: the tables are alike
        folder = tmp_path / f"project{item.number}"
        app = ProjectFolder(folder, new_database(backend))
        names_ = {item.label: after.label}
        walk(app, Evolution(models([item]), models([after]), rows([item]), names_, choose=choose))


REFUSED = [
    (backend, place, name)
    for backend in BACKENDS
    for place in PLACES
    for name in NAMES
    if refused(backend, place, name)
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_refused(backend: str, tmp_path: Path, new_database: Callable[..., str]) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    cases = [(place, name) for b, place, name in REFUSED if b == backend]
    for place, name in cases if EVERY else cases[BACKENDS.index(backend) :: 3]:
        app.file.write_text(HEADER + models(items_of([(place, name)])))
        for flags in ((), ("--check",)):
            result = app.manage("makemigrations", "--no-input", *flags)
            assert result.code == 1, (place, name, result)
            said = r"name[s]? that \w+ cannot have|cannot be imported: ArgumentError: "
            assert re.search(said, result.stderr), (place, name, result)
            assert "traceback" not in result.stderr
            assert not app.versions.exists() or not app.revisions


@pytest.mark.server
def test_names_that_postgresql_cuts_alike(tmp_path: Path, new_database: Callable[..., str]) -> None:
    app = ProjectFolder(tmp_path / "project", new_database("postgresql"))
    long = "t" * 63
    app.models(
        "metadata = MetaData()\n"
        f"table('{long}a', key(), Column('{long}a', Integer), Column('{long}b', Integer))\n"
        f"table('{long}b', key())\n"
    )
    result = app.manage("makemigrations")
    assert result.code == 1
    assert f"table {long}b: PostgreSQL cuts it to 63 bytes, as it does '{long}a'" in result.stderr
    assert f"column {long}b of {long}a: PostgreSQL cuts it to 63 bytes" in result.stderr
    assert not app.versions.exists()


ENUMS = (
    'Enum("x", "y")',
    'Enum("x", "y").with_variant(Enum("x", "y"), "sqlite")',
    'sa.ARRAY(Enum("x", "y")).with_variant(sa.JSON(), "sqlite", "mysql", "mariadb")',
    "Decorated()",
)
NAMELESS = """
from sqlalchemy.orm import declarative_base

Base = declarative_base(metadata=metadata)


class Decorated(sa.TypeDecorator):
    impl = Enum("x", "y")
    cache_ok = True


class Item(Base):
    __tablename__ = "item"
    id = Column(Integer, primary_key=True)
    a = Column(Enum("x", "y", native_enum=False))
    b = Column({})
"""


@pytest.mark.parametrize("enum", ENUMS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_enum_without_a_name(
    backend: str, enum: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    """PostgreSQL alone needs one, for its type; a CHECK or MariaDB's ENUM does not."""
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.models("metadata = MetaData()\n" + NAMELESS.replace("{}", enum))
    result = app.manage("makemigrations")
    if backend != "postgresql":
        app.done("migrate")
        assert app.manage("makemigrations", "--check").code == 0
        return
    assert result.code == 1 and not app.versions.exists()
    assert "enum type of item.b: it has no name" in result.stderr
    assert "item.a" not in result.stderr
    assert "Nothing was written" in result.stderr
    assert app.manage("makemigrations", "--check").code == 1

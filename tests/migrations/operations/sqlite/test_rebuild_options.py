"""SQLite: a batch with each option of Alembic's makes every table again as it was."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from support.comparing import quietly
from support.rebuilds import SHAPES, plain

from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.operations.registry import register

pytestmark = pytest.mark.filterwarnings("ignore:Did not recognize type")
KEYS = {
    "inline": "id INTEGER PRIMARY KEY, n INTEGER, a TEXT",
    "inline and named": "id INTEGER NOT NULL CONSTRAINT pk PRIMARY KEY, n INTEGER, a TEXT",
    "of the table": "id INTEGER NOT NULL, n INTEGER, a TEXT, PRIMARY KEY (id)",
    "of the table and named": "id INTEGER, n INTEGER, a TEXT, CONSTRAINT pk PRIMARY KEY (id)",
    "with a conflict": "id INTEGER, n INTEGER, a TEXT, PRIMARY KEY (id) ON CONFLICT REPLACE",
    "inline with a conflict": "id INTEGER PRIMARY KEY ON CONFLICT IGNORE, n INTEGER, a TEXT",
    "composite": "id INTEGER, n INTEGER DEFAULT 1, a TEXT, CONSTRAINT pk PRIMARY KEY (n, id)",
    "text": "id TEXT NOT NULL, n INTEGER, a TEXT, PRIMARY KEY (id)",
    "counts": "id INTEGER PRIMARY KEY AUTOINCREMENT /* ! */, n INTEGER, a TEXT",
    "counts for the table": "id INTEGER, n INTEGER, a TEXT,"
    " CONSTRAINT pk PRIMARY KEY (id AUTOINCREMENT)",
}
TABLES = {name: (shape.create, *shape.more) for name, shape in SHAPES.items()} | {
    f"key {name}": (f"CREATE TABLE p ({columns})",) for name, columns in KEYS.items()
}
NAMES = {"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
NAMES |= {"ck": "ck_%(table_name)s_x", "fk": "fk_%(table_name)s_%(column_0_name)s"}
OPTIONS: dict[str, Callable[[sa.Connection], dict[str, Any]]] = {
    "nothing": lambda connection: {},
    "table_args": lambda connection: {"table_args": (more(),)},
    "table_kwargs": lambda connection: {"table_kwargs": {"info": {"a": 1}}},
    "copy_from": lambda connection: {"copy_from": reflected(connection)},
    "naming_convention": lambda connection: {"naming_convention": NAMES},
    "reflect_args": lambda connection: {"reflect_args": [column(connection)]},
    "all of them": lambda connection: {
        "table_args": (more(),),
        "naming_convention": NAMES,
        "reflect_args": [column(connection)],
    },
}


def more() -> sa.CheckConstraint:
    return sa.CheckConstraint("n > -9", name="more")


def column(connection: sa.Connection) -> sa.Column[Any]:
    return sa.Column("n", sa.Integer, primary_key=reflected(connection).c.n.primary_key)


def reflected(connection: sa.Connection) -> sa.Table:
    return sa.Table("p", sa.MetaData(), autoload_with=connection)


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    register()
    with sa.create_engine("sqlite://").begin() as connection, quietly():
        connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")  # as the runner has it
        connection.exec_driver_sql("CREATE TABLE q (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE q2 (x INT, y INT, PRIMARY KEY (x, y))")
        yield connection


def rebuild(connection: sa.Connection, **options: Any) -> None:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("p", recreate="always", **options):
        pass


def master(connection: sa.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    )
    return {name: plain(sql) for name, sql in rows}


def facts(connection: sa.Connection) -> list[Any]:
    """What SQLite itself knows of the table."""
    found: list[Any] = []
    for pragma in ("table_xinfo", "index_list", "foreign_key_list", "table_list"):
        found.append(sorted(connection.exec_driver_sql(f"PRAGMA {pragma}('p')").all(), key=repr))
    return found


@pytest.mark.parametrize(("table", "options"), list(itertools.product(TABLES, OPTIONS)), ids=str)
def test_nothing_is_lost(connection: sa.Connection, table: str, options: str) -> None:
    for statement in TABLES[table]:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO p (id, n) VALUES (1, 10), (2, 20)")
    names = [f'quote("{r[1]}")' for r in connection.exec_driver_sql("PRAGMA table_xinfo('p')")]
    query = f"SELECT {', '.join(names)} FROM p"
    before, known = master(connection), facts(connection)
    rows = connection.exec_driver_sql(query).all()
    given = OPTIONS[options](connection)
    rebuild(connection, **given)
    after = master(connection)
    if "table_args" in given:
        after["p"] = after["p"].replace(",constraintmorecheck(n>-9)", "")
    assert after == before
    assert facts(connection) == known
    assert connection.exec_driver_sql(query).all() == rows


@pytest.mark.parametrize("columns", KEYS.values(), ids=KEYS)
def test_counting_is_all_that_changes_of_a_key(connection: sa.Connection, columns: str) -> None:
    """AUTOINCREMENT comes and goes; the key has the name, the place and the conflict it had."""
    connection.exec_driver_sql(f"CREATE TABLE p ({columns})")
    before, known = master(connection), facts(connection)
    counts = "autoincrement" in before["p"]
    counted = not counts
    if columns in (KEYS["composite"], KEYS["text"]):
        with pytest.raises((sa.exc.CompileError, sa.exc.OperationalError)):
            rebuild(connection, table_kwargs={"sqlite_autoincrement": True})
        return
    rebuild(connection, table_kwargs={"sqlite_autoincrement": counted})
    after = master(connection)
    assert ("autoincrement" in after["p"]) is counted
    assert after["p"].replace("autoincrement", "") == before["p"].replace("autoincrement", "")
    assert facts(connection) == known
    rebuild(connection, table_kwargs={"sqlite_autoincrement": counts})
    assert master(connection) == before
    assert facts(connection) == known


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sqlite_strict": True}, "strict"),
        ({"sqlite_with_rowid": False}, "withoutrowid"),
        ({"sqlite_strict": True, "sqlite_with_rowid": False}, "withoutrowid,strict"),
    ],
)
@pytest.mark.parametrize("key", [KEYS["of the table"], KEYS["text"], KEYS["composite"]])
def test_options_come_and_go(
    connection: sa.Connection, key: str, given: dict[str, bool], words: str
) -> None:
    connection.exec_driver_sql(f"CREATE TABLE p ({key})")
    connection.exec_driver_sql("INSERT INTO p (id, n) VALUES (7, 10)")
    before = master(connection)
    rows = connection.exec_driver_sql("SELECT * FROM p").all()
    rebuild(connection, table_kwargs=given)
    assert set(master(connection)["p"].replace(before["p"], "").split(",")) == set(words.split(","))
    assert connection.exec_driver_sql("SELECT * FROM p").all() == rows
    rebuild(connection, table_kwargs={name: not on for name, on in given.items()})
    assert master(connection) == before
    assert connection.exec_driver_sql("SELECT * FROM p").all() == rows


def test_a_key_that_is_not_there_afterwards_stops_it(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy_manage.migrations.operations.sqlite import rebuild as module

    connection.exec_driver_sql(f"CREATE TABLE p ({KEYS['of the table']})")
    monkeypatch.setattr(
        module, "merged", lambda old, sql, change: sql.replace(", \n\tPRIMARY KEY (id)", "")
    )
    monkeypatch.setattr(module, "leave_out", lambda *args: None)
    with pytest.raises(MigrationError, match=r"PRIMARY KEY \(id\) of id; .*primary key \(id\)"):
        rebuild(connection)

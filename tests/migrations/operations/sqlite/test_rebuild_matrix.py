"""SQLite: tables of many shapes made again by a batch; nothing of them is lost.

Each with foreign keys that the application enforces and does not, and children that refer
to the table with CASCADE, SET NULL and no action.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.rebuilds import Rebuilds

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
    pytest.mark.filterwarnings("ignore:Unnamed CHECK constraint on reflected table"),
    pytest.mark.filterwarnings("ignore:Did not recognize type"),
]
ACTIONS = {"cascade": "ON DELETE CASCADE", "null": "ON DELETE SET NULL", "no_action": ""}


@pytest.fixture
def rebuilds(tmp_path: Path) -> Rebuilds:
    return Rebuilds(tmp_path / "project")


@pytest.fixture
def foreign_keys(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Enforced for all engines of the process, as SQLAlchemy's documentation has it, or not."""

    def enforce(dbapi_connection: Any, record: Any) -> None:
        dbapi_connection.execute("PRAGMA foreign_keys=ON")

    if request.param:
        sa.event.listen(sa.Engine, "connect", enforce)
    yield request.param
    if request.param:
        sa.event.remove(sa.Engine, "connect", enforce)


@dataclass(frozen=True)
class Shape:
    """A table ``p`` with a column ``n`` that a batch makes NOT NULL."""

    create: str
    more: tuple[str, ...] = ()


SHAPES = {
    "plain": Shape("CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER)"),
    "autoincrement": Shape("CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER)"),
    "key on conflict": Shape(
        "CREATE TABLE p (id INTEGER NOT NULL, n INTEGER,"
        " CONSTRAINT pk_p PRIMARY KEY (id DESC) ON CONFLICT REPLACE)"
    ),
    "no rowid": Shape(
        "CREATE TABLE p (id INTEGER, part TEXT DEFAULT 'a' COLLATE NOCASE, n INTEGER,"
        " PRIMARY KEY (id, part DESC), UNIQUE (id)) WITHOUT ROWID"
    ),
    "strict": Shape("CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a ANY) STRICT"),
    "strict without rowid": Shape(
        "CREATE TABLE p (id INT PRIMARY KEY NOT NULL, n INTEGER) WITHOUT ROWID, STRICT"
    ),
    "collate": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE DEFAULT 'x', n INTEGER)"
    ),
    "unique on conflict": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, e TEXT UNIQUE ON CONFLICT REPLACE, n INTEGER,"
        " f TEXT, CONSTRAINT uq_f UNIQUE (f COLLATE NOCASE, e) ON CONFLICT IGNORE)"
    ),
    "not null on conflict": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY,"
        " e TEXT NOT NULL ON CONFLICT IGNORE DEFAULT 'e', n INTEGER)"
    ),
    "checks": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY CHECK (id > 0), n INTEGER,"
        " a INTEGER CHECK (a > 0 AND (a < 10 OR a = 11)) DEFAULT (1),"
        " CONSTRAINT named CHECK (a <> 5), CHECK (n IS NULL OR n < 1000), CHECK (a || ')' <> ':x'))"
    ),
    "generated": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER,"
        " double INT GENERATED ALWAYS AS (id * 2) VIRTUAL, s TEXT AS ('v' || id) STORED UNIQUE)"
    ),
    "inline foreign key": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER,"
        " q_id INTEGER DEFAULT 1 CONSTRAINT fk_q REFERENCES q ON DELETE SET NULL"
        " ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT NULL)"
    ),
    "two-column foreign key": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a INT DEFAULT 1, b INT DEFAULT 2,"
        " FOREIGN KEY (a, b) REFERENCES q2 (x, y) ON DELETE CASCADE MATCH FULL)"
    ),
    "refers to itself": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER,"
        " boss INTEGER DEFAULT 1 REFERENCES p (id) ON DELETE CASCADE)"
    ),
    "defaults": Shape(
        'CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a TEXT DEFAULT "double",'
        " b BLOB DEFAULT x'00ff', c DEFAULT -1.5, d TEXT DEFAULT (lower('ABC' || ')')),"
        " e TEXT DEFAULT CURRENT_TIMESTAMP, f BOOLEAN DEFAULT TRUE)"
    ),
    "types": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a UNSIGNED BIG INT, b MONEY(10, 2),"
        ' c, d VARCHAR (10), e "odd type")'
    ),
    "comments": Shape(
        "CREATE TABLE p ( -- all\n id INTEGER PRIMARY KEY, -- the, id\n n INTEGER,\n"
        " a TEXT /* ( */ NULL -- last\n)"
    ),
    "names": Shape(
        'CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, "a b" TEXT COLLATE "nocase",'
        ' [check] INT CHECK ([check] > 0) DEFAULT 1, `u``q` TEXT, UNIQUE (`u``q`, "a b"))'
    ),
    "indexes": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a TEXT, b TEXT)",
        (
            "CREATE INDEX i1 ON p (a COLLATE NOCASE DESC, b)",
            "CREATE UNIQUE INDEX i2 ON p (lower(a)) WHERE b IS NOT NULL AND a <> ':x'",
            "CREATE INDEX i3 ON p (n DESC) WHERE n > 1",
        ),
    ),
    "triggers": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER)",
        (
            "CREATE TABLE log (what TEXT)",
            "CREATE TRIGGER p_ai AFTER INSERT ON p BEGIN INSERT INTO log VALUES ('i:' || new.id);"
            " END",
            "CREATE TRIGGER p_bu BEFORE UPDATE OF n ON p WHEN new.n > 1 BEGIN"
            " INSERT INTO log VALUES (old.n); END",
            "CREATE TRIGGER q_ad AFTER DELETE ON q BEGIN UPDATE p SET n = 7; END",
        ),
    ),
    "views": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER)",
        (
            "CREATE VIEW v AS SELECT id, n FROM p WHERE n > 0",
            "CREATE VIEW w AS SELECT v.id FROM v JOIN p USING (id)",
            "CREATE TRIGGER v_ii INSTEAD OF INSERT ON v BEGIN"
            " INSERT INTO p (id, n) VALUES (new.id, new.n); END",
        ),
    ),
    "rowid": Shape(
        "CREATE TABLE p (id INT UNIQUE, n INTEGER)", ("CREATE TABLE r (p_rowid INTEGER)",)
    ),
}
# Every shape with every action, and with foreign keys on and off.
CASES = [
    pytest.param(shape, action, number % 2 == 1, id=f"{shape}-{action}-{('off', 'on')[number % 2]}")
    for number, (shape, action) in enumerate(itertools.product(SHAPES, ACTIONS))
]


@pytest.mark.slow(reason="a big table of cases")
@pytest.mark.parametrize(("shape", "action", "foreign_keys"), CASES, indirect=["foreign_keys"])
def test_everything_of_a_rebuilt_table_is_there_again(
    rebuilds: Rebuilds, shape: str, action: str, foreign_keys: bool
) -> None:
    assert rebuilds.query("PRAGMA foreign_keys") == [(int(foreign_keys),)]
    case = SHAPES[shape]
    rebuilds.sql(
        "CREATE TABLE q (id INTEGER PRIMARY KEY)",
        "INSERT INTO q VALUES (1)",
        "CREATE TABLE q2 (x INT, y INT, PRIMARY KEY (x, y))",
        "INSERT INTO q2 VALUES (1, 2)",
        case.create,
        *(f"INSERT INTO p (id, n) VALUES ({i}, {i * 10})" for i in (1, 2, 3, 9)),
        "DELETE FROM p WHERE id IN (1, 9)",
        *("INSERT INTO p (id, n) VALUES (1, 10)",) * (shape != "rowid"),
        *case.more,
        "CREATE TABLE c (id INTEGER PRIMARY KEY,"
        f" p_id INTEGER REFERENCES p (id) {ACTIONS[action]})",
        "INSERT INTO c VALUES (1, 2), (2, 2), (3, 3), (4, NULL)",
    )
    assert rebuilds.migrate().code == 0
    before, known = rebuilds.master(), rebuilds.read("p")
    names = ", ".join(f'"{row[1]}"' for row in rebuilds.query("PRAGMA table_xinfo('p')"))
    rows = f"SELECT {names} FROM p ORDER BY id"
    queries = [rows, "SELECT * FROM c"]
    if "WITHOUT ROWID" not in case.create:
        queries.append("SELECT _rowid_, id FROM p")
    had = [rebuilds.query(query) for query in queries]

    rebuilds.next(
        "with op.batch_alter_table('p') as batch:\n    batch.alter_column('n', nullable=False)"
    )
    result = rebuilds.migrate()
    assert result.code == 0, result

    before["table", "p"] = before["table", "p"].replace("ninteger", "nintegernotnull", 1)
    assert rebuilds.master() == before
    was_nullable = [(*r[:3], 1, *r[4:]) if r[1] == "n" else r for r in known[0]]
    assert rebuilds.read("p") == [was_nullable, *known[1:]]
    assert [rebuilds.query(query) for query in queries] == had
    assert rebuilds.query("PRAGMA foreign_key_check") == []
    if shape == "autoincrement":
        assert rebuilds.query("SELECT * FROM sqlite_sequence") == [("p", 9)]

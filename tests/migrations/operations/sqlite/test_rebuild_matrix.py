"""SQLite: tables of many shapes made again by a batch; nothing of them is lost.

Each with foreign keys that the application enforces and does not, and children that refer
to the table with CASCADE, SET NULL and no action.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.rebuilds import SHAPES, Rebuilds

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

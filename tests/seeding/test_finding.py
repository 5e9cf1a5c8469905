"""``sqlalchemy_get_or_create``: what exists is found in every database as ``create()`` finds it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.programs import PROJECTS, Result, run

FOLDER = PROJECTS / "shapes"
NewDatabase = Callable[[str], str]
COUNTS = ("Found=12", "Grant=12", "Cased=9")
# The numbers are those of the first row that had the values, and of no later one.
ASKED = (
    "SELECT text, number FROM t_found",
    "SELECT g.text, g.number, t.text FROM t_grant g JOIN t_foundtown t ON t.id = town_id",
    "SELECT text, number FROM t_cased",
)


def program(url: str, *arguments: str) -> Result:
    result = run(FOLDER, *arguments, url=url, APPS="metas")
    assert result.code == 0, result
    return result


def content(url: str) -> list[list[tuple]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(query).all() for query in (*ASKED, NOTES)]
    return [sorted(map(tuple, rows), key=repr) for rows in found]


NOTES = "SELECT text, count(*) FROM t_grantnote GROUP BY text"


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_that_exist_are_found_and_stay_as_they_are(
    backend: str, new_database: NewDatabase
) -> None:
    ours, theirs = new_database(backend), new_database(backend)
    for url in (ours, theirs):
        program(url, "create.py")
    made = [program(ours, "manage.py", "seed", *COUNTS, "--json") for _ in range(2)]
    for _ in range(2):
        program(theirs, "create.py", *(each.replace("=", "Factory=") for each in COUNTS))
    assert content(ours) == content(theirs)
    for each in made:
        slow = backend == "mariadb"
        assert ("CasedFactory: made one by one" in each.stderr) == slow
        assert each.stderr.count("made one by one") == slow
    rows = json.loads(made[1].stdout)["rows"]
    assert {table: number for table, number in rows.items() if number} == {"t_grantnote": 12}
    program(ours, "manage.py", "seed", "--undo")
    assert content(ours)[:-1] == content(theirs)[:-1]
    assert program(ours, "manage.py", "checklinks")

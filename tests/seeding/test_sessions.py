"""Sessions in declarations and hooks: one transaction, and the rows that ``create_batch`` gives.

The project is tests/projects/pupils.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from support.programs import PROJECTS, Result, run

FOLDER = PROJECTS / "pupils"
NewDatabase = Callable[[str], str]
TABLES = ("mark", "pupil", "school")
# What is drawn at random is compared by whether there is any.
ROWS = """
SELECT p.kind, p.ref, CASE WHEN p.kind IN ('chosen', 'whatever is raised') THEN 'any' ELSE s.name
END, (SELECT count(*) FROM mark m WHERE m.pupil_id = p.id)
FROM pupil p LEFT JOIN school s ON s.id = p.school_id ORDER BY p.id
"""
MARKS = "SELECT m.id, p.id FROM mark m LEFT JOIN pupil p ON p.id = m.pupil_id"


@pytest.fixture
def empty(new_database: NewDatabase) -> Callable[[str], str]:
    def make(backend: str) -> str:
        url = new_database(backend)
        code = (
            "from clubs import models; from school import db;"
            " models.Base.metadata.create_all(db.engine)"
        )
        made = run(FOLDER, "-c", code, url=url)
        assert made.code == 0, made
        return url

    return make


def manage(url: str, *arguments: str, **env: str) -> Result:
    return run(FOLDER, "manage.py", *arguments, url=url, **env)


def rows(url: str, *queries: str) -> list[list[tuple[object, ...]]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [[tuple(r) for r in connection.exec_driver_sql(q).all()] for q in queries]


def counts(url: str) -> list[int]:
    return [found[0][0] for found in rows(url, *(f"SELECT count(*) FROM {t}" for t in TABLES))]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("persistence", "named"),
    [
        ("", "scoped"),
        ("flush", "function"),
        ("commit", "scoped"),
        ("commit", "plain"),
        ("", "none"),
    ],
)
def test_declarations_that_use_sessions_give_what_create_batch_gives(
    backend: str, persistence: str, named: str, empty: Callable[[str], str]
) -> None:
    env = {"PERSISTENCE": persistence, "NAMED": named}
    ours, theirs = empty(backend), empty(backend)
    assert run(FOLDER, "create.py", url=theirs, **env) == Result(0, "", "")
    seeded = manage(ours, "seed", "ways", "--jobs", "2", **env)
    assert seeded.code == 0, seeded
    assert "SAWarning" not in seeded.stderr
    for why in ("'school' calls SchoolFactory", "'school' uses a session"):
        assert why in seeded.stderr
    # The key of a row that create() would have flushed is known to columns too.
    assert ("its object's 'id' is used" in seeded.stderr) == (persistence == "")
    assert rows(ours, ROWS, MARKS) == rows(theirs, ROWS, MARKS)
    assert counts(ours) == counts(theirs)
    undone = manage(ours, "seed", "--undo", **env)
    assert (undone.code, counts(ours)) == (0, [0, 0, 0]), undone


def test_a_refused_seed_leaves_nothing_that_declarations_wrote(
    backend: str, empty: Callable[[str], str]
) -> None:
    url = empty(backend)
    for persistence in ("", "flush", "commit"):
        refused = manage(url, "seed", "School=2", "Refused=4", PERSISTENCE=persistence)
        assert refused.code == 1
        assert "refuses pupil.code = 'the same' (UNIQUE" in refused.stderr
        assert "Nothing was written." in refused.stderr
        assert "Warning" not in refused.stderr
        assert counts(url) == [0, 0, 0]


def test_a_connection_of_its_own_is_named_with_the_link_that_needs_none(
    backend: str, empty: Callable[[str], str]
) -> None:
    url = empty(backend)
    for factory in ("Elsewhere", "Looking"):
        failed = manage(url, "seed", "School=2", f"{factory}=4")
        assert failed.code == 1
        assert "in 'school_id'" in failed.stderr
        assert 'school_id = Link(SchoolFactory, attribute="id")' in failed.stderr
        assert counts(url) == [0, 0, 0]


def test_a_rollback_takes_back_what_it_would_and_no_more(
    backend: str, empty: Callable[[str], str]
) -> None:
    url = empty(backend)
    seeded = manage(url, "seed", "School=2", "FoundAgain=5")
    assert seeded.code == 0, seeded
    assert rows(url, "SELECT code FROM pupil ORDER BY code") == [[("a",), ("b",)]]
    assert counts(url) == [0, 2, 2]
    undone = manage(url, "seed", "--undo")
    assert (undone.code, counts(url)) == (0, [0, 0, 0]), undone
    failed = manage(url, "seed", "School=2", "RollingBack=3")
    assert failed.code == 1
    assert "A session was rolled back, and with it others' rows" in failed.stderr
    assert "Warning" not in failed.stderr
    assert counts(url) == [0, 0, 0]


def test_a_dry_run_tells_what_declarations_use(empty: Callable[[str], str]) -> None:
    told = manage(empty("sqlite"), "seed", "ways", "--dry-run", PERSISTENCE="flush")
    found = dict(re.findall(r"^(\w+) +\d+   (.*?) *$", told.stdout, re.MULTILINE))
    assert found["SchoolFactory"] == found["ByParameter"] == "columns"
    assert found["Called"] == "factory_boy   'school' calls SchoolFactory"
    for name in ("Chosen", "ByMeta", "Iterated", "Swallowed"):
        assert found[name] == "factory_boy   'school' uses a session"


def test_async_factories_are_awaited(backend: str, empty: Callable[[str], str]) -> None:
    url = empty(backend)
    seeded = manage(url, "seed", "Club=2", "Room=3", "Member=3", APPS="school clubs")
    assert seeded.code == 0, seeded
    assert "ClubFactory: made one by one with factory_boy, because it is async." in seeded.stderr
    assert rows(
        url,
        "SELECT name FROM room ORDER BY id",
        "SELECT m.ref, c.name FROM member m JOIN club c ON c.id = m.club_id ORDER BY m.id",
    ) == [
        [("room 0",), ("room 1",), ("room 2",)],
        [("M-1", "club 2"), ("M-2", "club 3"), ("M-3", "club 4")],
    ]
    undone = manage(url, "seed", "--undo", APPS="school clubs")
    assert undone.stdout.endswith("Run 1: 11 rows removed.\n"), undone

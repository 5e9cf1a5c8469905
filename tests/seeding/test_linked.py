"""Link and Links in a seed: trees, circles, one to one, one to many, weights, unique columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.programs import PROJECTS, Result, run

CLUB = PROJECTS / "club"
COUNTS = [
    "Member=300",
    "Team=20",
    "Topic=100",
    "Card=200",
    "Vote=500",
    "Locker=40",
    "Room=3",
    "Visit=50",
]
TABLES = ("member", "team", "topic", "card", "vote", "locker", "room", "visit")
NewDatabase = Callable[[str], str]


def create_tables(url: str) -> None:
    code = (
        "import os, sqlalchemy as sa; from club.models import Base; "
        "Base.metadata.create_all(sa.create_engine(os.environ['DATABASE_URL']))"
    )
    result = run(CLUB, "-c", code, url=url)
    assert result.code == 0, result


def seed(url: str, *arguments: str) -> Result:
    return run(CLUB, "manage.py", "seed", *arguments, url=url)


def content(url: str) -> dict[str, list[tuple]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}")))
            for name in TABLES
        }


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    """The rows of one seed, on SQLite."""
    url = f"sqlite:///{tmp_path_factory.mktemp('club') / 'club.sqlite'}"
    create_tables(url)
    result = seed(url, "--random-seed", "3", *COUNTS)
    assert result.code == 0, result
    checked = run(CLUB, "manage.py", "checklinks", url=url)
    assert checked.code == 0, checked
    return content(url)


def levels(parents: dict[object, object]) -> Counter[int]:
    def level(row: object) -> int:
        depth = 0
        while parents[row] is not None:
            depth, row = depth + 1, parents[row]
        return depth

    return Counter(map(level, parents))


def test_trees_have_the_depth_that_is_declared(filled: dict[str, list[tuple]]) -> None:
    members = {row[0]: row[2] for row in filled["member"]}
    assert set(levels(members)) == {0, 1, 2, 3}
    assert levels(members)[0] < levels(members)[3]
    topics = dict(filled["topic"])  # their keys are text
    assert set(levels(topics)) == {0, 1, 2}


def test_a_circle_of_foreign_keys_is_closed(filled: dict[str, list[tuple]]) -> None:
    teams = {row[0] for row in filled["team"]}
    chosen = [row[3] for row in filled["member"]]
    assert set(chosen) - {None} <= teams
    assert 0.1 < chosen.count(None) / len(chosen) < 0.4  # a quarter has none
    captains = [row[2] for row in filled["team"]]
    assert None not in captains
    assert len(set(captains)) == 20


def test_one_to_one(filled: dict[str, list[tuple]]) -> None:
    assert len({row[1] for row in filled["card"]}) == 200


def test_two_columns_are_unique_together(filled: dict[str, list[tuple]]) -> None:
    assert len({row[1:] for row in filled["vote"]}) == 500


def test_weights(filled: dict[str, list[tuple]]) -> None:
    votes = Counter(row[2] for row in filled["vote"])
    assert votes["topic-0000000"] > 3 * votes["topic-0000050"]


def test_one_to_many_gives_each_child_one_parent(filled: dict[str, list[tuple]]) -> None:
    rooms = Counter(row[2] for row in filled["locker"])
    del rooms[None]
    assert len(rooms) == 3
    assert all(2 <= count <= 6 for count in rooms.values())


def test_the_last_values_of_a_unique_column_are_found(filled: dict[str, list[tuple]]) -> None:
    assert {row[1] for row in filled["room"]} == {"RED", "GREEN", "BLUE"}


def test_a_foreign_key_that_nobody_declares(filled: dict[str, list[tuple]]) -> None:
    visited = {row[1] for row in filled["visit"]}
    assert visited <= {row[0] for row in filled["member"]}
    assert len(visited) > 20
    assert Counter(row[2] for row in filled["visit"]) == {"hall": 25, "court": 25}


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_the_same_rows_on_every_database(
    backend: str, new_database: NewDatabase, filled: dict[str, list[tuple]]
) -> None:
    url = new_database(backend)
    create_tables(url)
    assert seed(url, "--random-seed", "3", *COUNTS).code == 0
    assert content(url) == filled
    undone = seed(url, "--undo")
    assert undone.code == 0, undone
    assert not any(content(url).values())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["Room=4"], 1, "room.color must be unique and has 3 values; 4 rows are wanted"),
        (["Member=5", "Card=6"], 1, "CardFactory.member links no row twice and needs 6 rows"),
        (["Visit=5"], 1, "visit.member_id) refers to a row of member, and there is none"),
        (["Room=3", "Locker=5"], 1, "RoomFactory.lockers links each of 3 rows to at least 2"),
        (["Member=3", "Topic=2", "Vote=7"], 1, "must be unique, and no new value was found"),
        (["misspelt"], 1, "MemberFactory has no attribute, parameter or trait 'lud'"),
        (["misspelt"], 1, "Did you mean 'loud'?"),
        (["nowhere"], 1, "visit.member_id = 99 (FOREIGN KEY"),
        (["dmo"], 2, "No profile 'dmo'"),
        (["Member"], 2, "say how many rows, as MODEL=COUNT"),
        (
            ["demo", "reference"],
            2,
            "'reference' is not MODEL=COUNT; the profile is already 'demo'.",
        ),
        (["demo", "--only", "Membr"], 2, "Did you mean 'Member'?"),
        (["Member=1", "Member=2"], 2, "Member is named twice"),
        (["--append", "--replant"], 2, "cannot be used together"),
        (["--undo"], 1, "No run of seed is left to undo"),
        (["--undo", "7"], 1, "There is no run 7"),
        (["--undo", "x"], 2, "'x' is not a run number"),
        (["--resume"], 1, "No run of seed was interrupted"),
        (["--scale", "-1", "demo"], 2, "-1"),
        (["--jobs", "0", "demo"], 2, "0"),
        (["--dask", "tcp://127.0.0.1:1", "Member=1"], 1, "No Dask scheduler answers"),
    ],
)
def test_bad_input_says_what_is_wrong_and_writes_nothing(
    new_database: NewDatabase, arguments: list[str], code: int, says: str
) -> None:
    url = new_database("sqlite")
    create_tables(url)
    result = seed(url, *arguments)
    assert result.code == code, result
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not any(content(url).values())


@pytest.mark.parametrize(
    ("more", "arguments", "code", "says"),
    [
        (
            "class One(LockerFactory): pass\nclass Two(SQLAlchemyModelFactory):\n"
            "    class Meta: model = Locker\ndel LockerFactory",
            ["Locker=2"],
            2,
            "Locker has 2 factories: One, Two",
        ),
        (
            "class Bare(SQLAlchemyModelFactory):\n    number = 5",
            ["Bare=2"],
            2,
            "Bare has no model",
        ),
        (
            "class Plain: pass\nclass PlainFactory(SQLAlchemyModelFactory):\n"
            "    class Meta: model = Plain",
            ["Member=1"],
            1,
            "PlainFactory creates Plain, which is not mapped to a table",
        ),
        (
            "class LockerFactory(SQLAlchemyModelFactory):\n    class Meta: model = Locker\n"
            "    number = object()",
            ["Locker=2"],
            1,
            "LockerFactory: the database refuses locker.number = <object object",
        ),
        (
            "class LockerFactory(SQLAlchemyModelFactory):\n    class Meta: model = Locker\n"
            "    nummer = 5",
            ["Locker=2"],
            1,
            "Locker has no such attribute",
        ),
        (
            "class MemberFactory(SQLAlchemyModelFactory):\n    class Meta: model = Member\n"
            "    name = factory.Faker('nmae')",
            ["Member=2"],
            1,
            "MemberFactory.name: Faker has no 'nmae'. Nothing was written. Did you mean 'name'?",
        ),
        (
            "class VisitFactory(SQLAlchemyModelFactory):\n    class Meta: model = Visit\n"
            "    place = Link(MemberFactory)",
            ["Member=3", "Team=1", "Visit=2"],
            1,
            "VisitFactory.place is a Link, which is for a relationship to one row",
        ),
    ],
)
def test_factories_that_cannot_be_seeded(
    copy_project: Callable[[str], Path],
    new_database: NewDatabase,
    more: str,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    folder = copy_project("club")
    with open(folder / "club" / "factories.py", "a") as file:
        file.write(f"\n\n{more}\n")
    (folder / "club" / "seeds.py").write_text("")
    url = new_database("sqlite")
    create_tables(url)
    result = run(folder, "manage.py", "seed", *arguments, url=url)
    assert result.code == code, result
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not any(content(url).values())


def test_what_is_drawn_from_is_made_before_though_no_foreign_key_says_so(
    new_database: NewDatabase,
) -> None:
    """And what that draws from in its turn."""
    url = new_database("sqlite")
    create_tables(url)
    result = seed(url, "Card=5")
    assert result.code == 0, result
    assert "MemberFactory: 10 rows, because others link to them." in result.stderr
    assert [len(content(url)[name]) for name in ("member", "team", "card")] == [10, 10, 5]


def test_a_link_draws_only_rows_of_its_model(new_database: NewDatabase) -> None:
    url = new_database("sqlite")
    create_tables(url)
    result = seed(url, "Cat=20", "Dog=5", "Walk=30")
    assert result.code == 0, result
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        walked = connection.exec_driver_sql(
            "SELECT DISTINCT kind FROM walk JOIN animal ON animal.id = dog_id"
        )
        assert walked.scalars().all() == ["dog"]


def test_profiles(new_database: NewDatabase) -> None:
    url = new_database("sqlite")
    create_tables(url)
    assert seed(url, "demo", "--scale", "0.5", "Topic=7").code == 0
    rows = content(url)
    assert [len(rows[name]) for name in ("member", "topic", "vote")] == [50, 7, 100]
    assert all(row[1].startswith("LOUD ") for row in rows["member"])  # the trait
    assert seed(url, "demo", "--only", "Topic").code == 0
    assert len(content(url)["topic"]) == 37
    assert seed(url, "demo", "--exclude", "Vote", "--exclude", "Member").code == 0
    rows = content(url)
    assert [len(rows[name]) for name in ("member", "topic", "vote")] == [50, 67, 100]


INTERRUPTED = """
import sys
from sqlalchemy_manage.project import Project
from sqlalchemy_manage.seeding.undoing import ledger
from sqlalchemy_manage.seeding.plan import SeedRequest, plan_seed
from sqlalchemy_manage.seeding.seed import Seeder

record = ledger.record_packed
def fails(connection, run, table, *rest):
    if table == 'room':
        raise RuntimeError('out of the blue')
    record(connection, run, table, *rest)
ledger.record_packed = fails
project = Project('settings')
with project.connect() as connection:
    request, plans = plan_seed(project, connection, SeedRequest(counts=COUNTS))
    connection.rollback()
    try:
        Seeder(project, connection, request, plans, 3, commit_every=50).seed()
    except RuntimeError as error:
        sys.exit(str(error))
"""


def test_an_interrupted_run_closes_its_circles_and_trees_when_it_goes_on(
    new_database: NewDatabase,
) -> None:
    """Members and teams refer to each other, and members to members."""
    counts = (("Member", 300), ("Team", 20), ("Locker", 40), ("Room", 3))
    whole, broken = new_database("sqlite"), new_database("sqlite")
    for url in (whole, broken):
        create_tables(url)
    assert seed(whole, "--random-seed", "3", *(f"{m}={n}" for m, n in counts)).code == 0
    stopped = run(CLUB, "-c", INTERRUPTED.replace("COUNTS", repr(counts)), url=broken)
    assert "out of the blue" in stopped.stderr, stopped
    assert len(content(broken)["member"]) == 300
    resumed = seed(broken, "--resume")
    assert resumed.code == 0, resumed
    assert content(broken) == content(whole)


def test_reference_rows_are_there_once(new_database: NewDatabase) -> None:
    url = new_database("sqlite")
    create_tables(url)
    for made in (2, 0, 0):
        result = seed(url, "reference")
        assert result.code == 0, result
        assert f"\n{made} rows" in f"\n{result.stdout.splitlines()[-1]}"
        assert {row[0] for row in content(url)["topic"]} == {"rules", "news"}


def test_replant_takes_away_what_was_seeded_and_nothing_else(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = new_database("sqlite")
    create_tables(url)
    assert seed(url, "Member=8", "Team=2", "--random-seed", "1").code == 0
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO member (id, name, sponsor_id) VALUES (90, 'me', 3)")
    result = seed(url, "Member=4", "Team=1", "--replant", "--random-seed", "2")
    assert result.code == 0, result
    keys = [row[0] for row in content(url)["member"]]
    assert 90 in keys
    assert 3 in keys  # somebody's own row refers to it
    assert len([key for key in keys if key > 90]) == 4
    assert "kept in member" in result.stderr


def test_a_dry_run_writes_nothing(new_database: NewDatabase) -> None:
    url = new_database("sqlite")
    create_tables(url)
    result = seed(url, "demo", "--dry-run")
    assert result.code == 0, result
    assert "MemberFactory    100   columns" in result.stdout
    assert not any(content(url).values())
    assert seed(url, "--status").stdout.strip() == "Nothing was seeded here."

"""flush: the rows that are named go, with those that cannot stay; or none, and it says why."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

MODELS = """
from sqlalchemy.orm import DeclarativeBase, foreign, relationship


class Base(DeclarativeBase):
    metadata = MetaData()


person_tag = Table(
    "person_tag", Base.metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id"), primary_key=True),
)


class Team(Base):
    __tablename__ = "team"
    id = Column(Integer, primary_key=True)
    captain_id = Column(ForeignKey("person.id", name="fk_captain", use_alter=True))


class Person(Base):
    __tablename__ = "person"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    kind = Column(String(10), nullable=False)
    team_id = Column(ForeignKey("team.id", ondelete="SET NULL"))
    boss_id = Column(ForeignKey("person.id"))
    tags = relationship("Tag", secondary=person_tag)
    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "person"}


class Guest(Person):  # in the table of Person
    __mapper_args__ = {"polymorphic_identity": "guest"}


class Manager(Person):  # in a table of its own too
    __tablename__ = "manager"
    id = Column(ForeignKey("person.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "manager"}


class Tag(Base):
    __tablename__ = "tag"
    id = Column(Integer, primary_key=True)


class Note(Base):
    __tablename__ = "note"
    id = Column(Integer, primary_key=True)
    person_id = Column(ForeignKey("person.id", ondelete="CASCADE"), nullable=False)


class Seen(Base):  # refers to a note, and has no primary key in the database's sense of one
    __tablename__ = "seen"
    note_id = Column(ForeignKey("note.id", ondelete="CASCADE"), primary_key=True)
    place = Column(Integer, primary_key=True)


class Remark(Base):  # only the mapper knows the link
    __tablename__ = "remark"
    id = Column(Integer, primary_key=True)
    tag_no = Column(Integer)
    tag = relationship(Tag, primaryjoin=lambda: foreign(Remark.tag_no) == Tag.id)


class Badge(Base):
    __tablename__ = "badge"
    id = Column(Integer, primary_key=True)
    manager_id = Column(ForeignKey("manager.id"), nullable=False)


class Left(Base):
    __tablename__ = "left_side"
    id = Column(Integer, primary_key=True)
    right_id = Column(ForeignKey("right_side.id", name="fk_right", use_alter=True))


class Right(Base):
    __tablename__ = "right_side"
    id = Column(Integer, primary_key=True)
    left_id = Column(ForeignKey("left_side.id", ondelete="RESTRICT"), nullable=False)


class Later(Base):
    __tablename__ = "later"
    id = Column(Integer, primary_key=True)


class Foreign(Base):
    __tablename__ = "of_others"
    __table_args__ = {"info": {"managed": False}}
    id = Column(Integer, primary_key=True)
    remark_id = Column(ForeignKey("remark.id"))


metadata = Base.metadata
"""
ROWS: dict[str, list[dict[str, Any]]] = {
    "tag": [{"id": 1}, {"id": 2}],
    "team": [{"id": 1, "captain_id": None}, {"id": 2, "captain_id": None}],
    "person": [
        {"id": 1, "kind": "person", "team_id": 1, "boss_id": None},
        {"id": 2, "kind": "guest", "team_id": 1, "boss_id": None},
        {"id": 3, "kind": "manager", "team_id": 2, "boss_id": 1},
        {"id": 4, "kind": "guest", "team_id": None, "boss_id": 2},
        {"id": 5, "kind": "manager", "team_id": None, "boss_id": 3},
    ],
    "manager": [{"id": 3}, {"id": 5}],
    "person_tag": [{"person_id": 1, "tag_id": 1}, {"person_id": 2, "tag_id": 2}],
    "note": [{"id": 1, "person_id": 1}, {"id": 2, "person_id": 2}],
    "seen": [{"note_id": 1, "place": 1}, {"note_id": 2, "place": 1}, {"note_id": 2, "place": 2}],
    "remark": [{"id": 1, "tag_no": 1}, {"id": 2, "tag_no": None}, {"id": 3, "tag_no": 9}],
    "badge": [{"id": 1, "manager_id": 5}],
    "left_side": [{"id": 1, "right_id": None}],
    "right_side": [{"id": 1, "left_id": 1}],
    "of_others": [{"id": 1, "remark_id": 3}],
}
CLOSING = (
    "UPDATE team SET captain_id = 5 WHERE id = 2",
    "UPDATE left_side SET right_id = 1",
)
ALL = {name: len(rows) for name, rows in ROWS.items()}


class World:
    """A database with rows of every kind of reference, as often as it is wanted."""

    def __init__(self, folder: Path, url: str) -> None:
        self.project = ProjectFolder(folder, url)
        self.project.models(MODELS)
        self.metadata = self.project.metadata
        self.metadata.create_all(self.project.engine)
        with self.project.engine.begin() as connection:
            self.metadata.tables["later"].drop(connection)

    @property
    def tables(self) -> list[sa.Table]:
        return [self.metadata.tables[name] for name in ROWS]

    def fill(self) -> None:
        engine = self.project.engine
        with engine.begin() as connection:
            if self.project.backend != "sqlite":
                for statement in ("UPDATE team SET captain_id = NULL",
                                  "UPDATE left_side SET right_id = NULL",
                                  "UPDATE person SET boss_id = NULL"):  # fmt: skip
                    connection.exec_driver_sql(statement)
            for table in reversed(self.tables):
                connection.execute(sa.delete(table))
            for table in self.tables:
                connection.execute(sa.insert(table), ROWS[table.name])
            for statement in CLOSING:
                connection.exec_driver_sql(statement)

    def counts(self) -> dict[str, int]:
        with self.project.engine.connect() as connection:
            return {
                t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0
                for t in self.tables
            }


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> World:
    return World(tmp_path / "p", database_url)


# What is flushed -> the tables whose number of rows changes, and to how many.
DONE: dict[tuple[str, ...], dict[str, int]] = {
    ("Seen",): {"seen": 0},
    ("note",): {"note": 0, "seen": 0},
    ("staff.Person", "Badge"): {
        "person": 0, "manager": 0, "person_tag": 0, "note": 0, "seen": 0, "badge": 0,
        "team": 2,
    },
    ("Guest",): {"person": 3, "person_tag": 1, "note": 1, "seen": 1},
    ("Manager", "badge"): {"manager": 0, "person": 3, "badge": 0},
    ("Manager", "--cascade"): {"manager": 0, "person": 3, "badge": 0, "team": 1},
    ("Left", "Right"): {"left_side": 0, "right_side": 0},
    ("Tag", "--cascade"): {"tag": 0, "person_tag": 0, "remark": 2},
    ("staff.person_tag",): {"person_tag": 0},
    ("Later",): {},
}  # fmt: skip
# What is refused -> a line of what it says.
REFUSED = {
    ("Person",): "1 of badge (manager_id) refer to manager",
    ("Manager",): "1 of badge (manager_id) refer to manager",
    ("Left",): "1 of right_side (left_id) refer to left_side",
    ("Tag",): "1 of remark (tag_no) refer to tag",
    ("Remark",): "1 of of_others (remark_id) refer to remark",
    ("Remark", "--cascade"): "flush removes no rows of of_others",
    (): "1 of of_others (remark_id) refer to remark",
}


def test_what_goes_and_what_stays(world: World) -> None:
    world.fill()
    assert world.counts() == ALL
    for names, changed in DONE.items():
        if names[0] in ("staff.Person", "Manager") and "--cascade" not in names:
            # A captain is in the way otherwise: his team stays.
            world.project.execute("UPDATE team SET captain_id = NULL")
        world.project.done("flush", *names, "--no-input")
        assert world.counts() == ALL | changed, names
        world.fill()


def test_what_is_in_the_way_is_named_and_nothing_goes(world: World) -> None:
    world.fill()
    for names, says in REFUSED.items():
        result = world.project.manage("flush", *names, "--no-input")
        assert result.code == 1, (names, result)
        assert says in result.stderr, (names, result)
        assert "Nothing was removed" in result.stderr
        assert world.counts() == ALL, names


def test_set_null_follows_its_rule_and_is_told(world: World) -> None:
    world.fill()
    world.project.execute("UPDATE team SET captain_id = NULL")
    result = world.project.done("flush", "Team", "--no-input")
    assert "3 rows of person: team_id becomes NULL." in result.stderr
    assert world.counts() == ALL | {"team": 0}
    assert world.project.query("SELECT count(*) FROM person WHERE team_id IS NULL") == [(5,)]


def test_all_but_what_others_own_and_again(world: World) -> None:
    world.fill()
    world.project.execute("UPDATE of_others SET remark_id = NULL")
    for _ in range(2):
        result = world.project.done("flush", "--no-input")
        assert "Not in the database yet: later." in result.stderr
        assert world.counts() == dict.fromkeys(ALL, 0) | {"of_others": 1}


@pytest.mark.parametrize("backend", ["sqlite"])
def test_each_way_on_that_is_named_leads_out(world: World) -> None:
    for number in (0, 1):
        world.fill()
        refused = world.project.manage("flush", "Person", "--no-input")
        ways = [line for line in refused.stderr.splitlines() if line.startswith("manage.py ")]
        assert len(ways) == 2, refused
        world.project.done(*shlex.split(ways[number])[1:])
        left = world.counts()
        assert left["person"] == left["badge"] == 0
        assert left["team"] == (1 if number == 0 else 0)


def test_a_table_that_no_model_knows_goes_by_its_rule(world: World) -> None:
    world.fill()
    engine = " ENGINE=InnoDB" if world.project.backend == "mariadb" else ""
    columns = "CREATE TABLE {} (id INTEGER PRIMARY KEY, p INTEGER, FOREIGN KEY (p) REFERENCES "
    world.project.execute(
        f"{columns.format('stranger')} note (id) ON DELETE CASCADE){engine}",
        f"{columns.format('its_child')} stranger (id)){engine}",
        "INSERT INTO stranger VALUES (1, 1), (2, NULL)",
        "INSERT INTO its_child VALUES (1, 1), (2, NULL)",
    )
    refused = world.project.manage("flush", "Note", "--no-input")
    assert "1 of its_child (p) refer to stranger" in refused.stderr, refused
    assert world.counts() == ALL
    world.project.execute("DELETE FROM its_child WHERE id = 1")
    done = world.project.done("flush", "Note", "--no-input")
    assert "ON DELETE CASCADE (note)" in done.stdout
    assert world.counts() == ALL | {"note": 0, "seen": 0}
    assert world.project.query("SELECT id FROM stranger") == [(2,)]


KEYED = """
parent = table("parent", Column("no", Integer, primary_key=True, key="n"),
               Column("code x", String(5), key="code", unique=True))
child = table("child", key(), Column("parent code", String(5), key="code"),
              ForeignKeyConstraint(["code"], ["parent.code"], ondelete="SET NULL"))
pair = table("pair", key("a"), key("b"), Column("c", Integer), Column("d", Integer),
             ForeignKeyConstraint(["c", "d"], ["pair.a", "pair.b"]))
"""


def test_keys_of_several_columns_and_of_other_names(database_url: str, tmp_path: Path) -> None:
    project = ProjectFolder(tmp_path / "p", database_url)
    project.models(KEYED)
    metadata = project.metadata
    metadata.create_all(project.engine)
    with project.engine.begin() as connection:
        for name, rows in {
            "parent": [{"n": 1, "code": "x"}],
            "child": [{"id": 1, "code": "x"}, {"id": 2, "code": None}],
            "pair": [{"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 1, "b": 2, "c": 1, "d": 1}],
        }.items():
            connection.execute(sa.insert(metadata.tables[name]), rows)
    result = project.done("flush", "parent", "pair", "--no-input")
    assert "1 row of child: parent code becomes NULL." in result.stderr
    data = project.data()
    assert data["parent"] == data["pair"] == []
    assert [row["parent code"] for row in data["child"]] == [None, None]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_names(world: World) -> None:
    for name, says in {
        "Nobody": "No app, model or table 'Nobody'.",
        "Persn": "Did you mean 'Person'?",
        "Foreign": "belongs to another program",
    }.items():
        result = world.project.manage("flush", name, "--no-input")
        assert result.code == 2, result
        assert says in result.stderr


NUMBERED = """
own = Sequence("own_numbers", start=100)
shared = Sequence("shared_numbers", start=7)
plain = table("plain", key(), Column("n", Integer), sqlite_autoincrement=True)
given = table("given", key("id", Integer, Identity(start=50)), Column("n", Integer),
              mysql_auto_increment="50", mariadb_auto_increment="50")
counted = table("counted", key("id", Integer, own), Column("n", Integer))
one = table("one", key("id", Integer, shared), Column("n", Integer))
two = table("two", key("id", Integer, shared), Column("n", Integer))
"""


def test_numbers_begin_again(database_url: str, backend: str, tmp_path: Path) -> None:
    project = ProjectFolder(tmp_path / "p", database_url)
    project.models(NUMBERED)
    metadata = project.metadata
    metadata.create_all(project.engine)

    def numbers(*names: str) -> list[int]:
        found = []
        with project.engine.begin() as connection:
            for name in names:
                inserted = connection.execute(sa.insert(metadata.tables[name]), {"n": 1})
                found.append(inserted.inserted_primary_key[0])
        return found

    names = ("plain", "given", "counted", "one", "two")
    first = numbers(*names)
    start = {"sqlite": [1, 1, 1, 1, 1]}.get(backend, [1, 50, 100, 7, 8])
    assert first == start
    numbers(*names)
    project.done("flush", "--no-input")
    assert numbers(*names) == start
    if backend == "sqlite":
        return
    # Its other table keeps its rows, and would be given their numbers again.
    project.done("flush", "one", "counted", "--no-input")
    assert numbers("counted", "one") == [100, 9]


TRIGGERED = """
note = table("note", key(), Column("text", Text))
log = table("log", key(), Column("note_id", Integer))
"""
LOG = {
    "sqlite": (
        "CREATE TRIGGER t AFTER DELETE ON note BEGIN INSERT INTO log (note_id) VALUES (old.id);"
        " END",
    ),
    "postgresql": (
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN INSERT INTO log (note_id) VALUES (old.id);"
        " RETURN old; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER t AFTER DELETE ON note FOR EACH ROW EXECUTE FUNCTION f()",
    ),
    "mariadb": (
        "CREATE TRIGGER t AFTER DELETE ON note FOR EACH ROW INSERT INTO log (note_id)"
        " VALUES (old.id)",
    ),
}


def test_triggers_fire_and_what_they_write_goes_too(database_url: str, tmp_path: Path) -> None:
    project = ProjectFolder(tmp_path / "p", database_url)
    project.models(TRIGGERED)
    project.metadata.create_all(project.engine)
    project.by_hand(LOG)
    fill = "INSERT INTO note (text) VALUES ('a'), ('b')"
    project.execute(fill)
    project.done("flush", "note", "--no-input")
    assert project.query("SELECT count(*) FROM log") == [(2,)]
    project.execute(fill)
    project.done("flush", "--no-input")
    assert project.query("SELECT count(*) FROM log") == [(0,)]


REFILLED = {
    "sqlite": LOG["sqlite"][0].replace("log (note_id)", "note (id)").replace("old.id", "old.id+1"),
    "postgresql": "CREATE RULE r AS ON DELETE TO note DO INSTEAD NOTHING",
}


@pytest.mark.parametrize("backend", REFILLED)
def test_rows_that_a_trigger_keeps(database_url: str, backend: str, tmp_path: Path) -> None:
    project = ProjectFolder(tmp_path / "p", database_url)
    project.models(TRIGGERED)
    project.metadata.create_all(project.engine)
    project.execute(REFILLED[backend], "INSERT INTO note (text) VALUES ('a')")
    project.execute("INSERT INTO log (note_id) VALUES (1)")
    result = project.manage("flush", "--no-input")
    assert result.code == 1, result
    assert "A trigger or a rule of the database keeps them" in result.stderr
    assert project.query("SELECT count(*) FROM log") == [(1,)]


LARGE = """
parent = table("parent", key())
child = table("child", key(), Column("parent_id", ForeignKey("parent.id")))
inside = table("inside", key(), Column("inside_id", ForeignKey("inside.id", ondelete="CASCADE")))
outside = table("outside", key(), Column("parent_id", ForeignKey("parent.id", ondelete="SET NULL")))
"""


@pytest.mark.parametrize("names", [(), ("parent", "child"), ("inside",)])
def test_large_tables(database_url: str, tmp_path: Path, names: tuple[str, ...]) -> None:
    project = ProjectFolder(tmp_path / "p", database_url)
    project.models(LARGE)
    metadata = project.metadata
    metadata.create_all(project.engine)
    numbers = range(1, 1501)
    rows: dict[str, Callable[[int], dict[str, Any]]] = {
        "parent": lambda n: {"id": n},
        "child": lambda n: {"id": n, "parent_id": n},
        "inside": lambda n: {"id": n, "inside_id": n - 1 or None},
        "outside": lambda n: {"id": n, "parent_id": n},
    }
    with project.engine.begin() as connection:
        for name, make in rows.items():
            connection.execute(sa.insert(metadata.tables[name]), [make(n) for n in numbers])
    project.done("flush", *names, "--no-input")
    left = {name: project.query(f"SELECT count(*) FROM {name}")[0][0] for name in rows}
    assert left == {name: 0 if name in (names or rows) else 1500 for name in rows}
    if names == ("parent", "child"):
        assert project.query("SELECT count(parent_id) FROM outside") == [(0,)]


def test_a_table_that_no_model_knows(database_url: str, tmp_path: Path) -> None:
    project = ProjectFolder(tmp_path / "p", database_url)
    project.models('parent = table("parent", key())')
    project.metadata.create_all(project.engine)
    engine = " ENGINE=InnoDB" if project.backend == "mariadb" else ""
    project.execute(
        "CREATE TABLE stranger (id INTEGER PRIMARY KEY, p INTEGER, FOREIGN KEY (p) REFERENCES"
        f" parent (id)){engine}",
        "INSERT INTO parent (id) VALUES (1), (2)",
        "INSERT INTO stranger VALUES (1, 1)",
    )
    for more in ((), ("--cascade",)):
        result = project.manage("flush", *more, "--no-input")
        assert result.code == 1, result
        assert "1 of stranger (p) refer to parent" in result.stderr
        assert "no model has" in result.stderr
    assert project.query("SELECT count(*) FROM parent") == [(2,)]
    project.execute("DELETE FROM stranger")
    project.done("flush", "--no-input")
    assert project.query("SELECT count(*) FROM parent") == [(0,)]

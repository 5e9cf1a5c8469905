"""Undo removes the rows that a run made, and not one of anybody else's."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.errors import SeedError
from sqlalchemy_manage.seeding.undoing import ledger
from sqlalchemy_manage.seeding.undoing.undo import MOST_NAMED, Undone, undo

Integer, String, Column, ForeignKey = sa.Integer, sa.String, sa.Column, sa.ForeignKey


class Place:
    """A database with the tables of a test, seeds and users that write to it."""

    def __init__(self, engine: sa.Engine, metadata: sa.MetaData) -> None:
        self.engine = engine
        self.tables = dict(metadata.tables)
        metadata.create_all(engine)
        with engine.begin() as connection:
            ledger.create_tables(connection)

    def seed(self, rows: dict[str, list[dict[str, Any]]], parts: int = 1) -> int:
        """Insert rows as a run; returns its id."""
        with self.engine.begin() as connection:
            run = ledger.begin(connection, profile=None, counts={}, random_seed=1, plan={})
            for name, those in rows.items():
                table = self.tables[name]
                connection.execute(sa.insert(table), those)
                keys = [c.key for c in table.primary_key] or [c.key for c in table.columns]
                for part in range(parts):
                    some = those[part::parts]
                    values = [[row.get(key) for row in some] for key in keys]
                    ledger.record_keys(connection, run, table, keys, values)
            ledger.finish(connection, run)
        return run

    def run(self, *statements: Any) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement) if isinstance(statement, str) else statement)

    def add(self, name: str, *rows: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(self.tables[name]), list(rows))

    def undo(self, run: int) -> Undone:
        with self.engine.begin() as connection:
            return undo(connection, run, self.tables)

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        table = self.tables.get(name)
        if table is None:
            table = sa.Table(name, sa.MetaData(), autoload_with=self.engine)
        with self.engine.connect() as connection:
            return sorted(map(tuple, connection.execute(sa.select(table))), key=repr)

    def state(self, run: int) -> tuple[str, dict[str, int]]:
        with self.engine.connect() as connection:
            (found,) = [each for each in ledger.runs(connection) if each.id == run]
        return found.state, found.rows


@pytest.fixture
def place(engine: sa.Engine) -> Iterator[Callable[[sa.MetaData], Place]]:
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON"))
    yield lambda metadata: Place(engine, metadata)


MakePlace = Callable[[sa.MetaData], Place]


def named(done: Undone) -> dict[tuple[str, Any], str]:
    """The kept rows -> why; a key of one column by its value."""
    found = {}
    for each in done.kept:
        values = tuple(each.key.values())
        found[each.table, values[0] if len(values) == 1 else values] = each.because
    return found


def company(**options: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("dept", metadata, Column("id", Integer, primary_key=True), Column("name", String(9)))
    sa.Table("person", metadata, Column("id", Integer, primary_key=True), Column("name", String(9)))
    sa.Table(
        "link",
        metadata,
        Column("dept_id", ForeignKey("dept.id", **options), primary_key=True),
        Column("person_id", ForeignKey("person.id", **options), primary_key=True),
    )
    return metadata


def seeded_company(at: Place, first: int = 1) -> int:
    numbers = range(first, first + 3)
    return at.seed(
        {
            "dept": [{"id": n, "name": f"d{n}"} for n in numbers],
            "person": [{"id": n, "name": f"p{n}"} for n in numbers],
            "link": [{"dept_id": n, "person_id": n} for n in numbers],
        }
    )


def test_all_of_a_run_goes_and_nothing_else(place: MakePlace) -> None:
    at = place(company())
    at.add("dept", {"id": 50, "name": "mine"})
    at.add("person", {"id": 50, "name": "mine"})
    at.add("link", {"dept_id": 50, "person_id": 50})
    run = seeded_company(at)
    done = at.undo(run)
    assert done == Undone(run, {"dept": 3, "person": 3, "link": 3}, (), 0)
    assert at.rows("dept") == [(50, "mine")]
    assert at.rows("person") == [(50, "mine")]
    assert at.rows("link") == [(50, 50)]
    assert at.state(run) == ("undone", {})


@pytest.mark.parametrize("rule", [None, "CASCADE"])
def test_a_users_link_between_two_seeded_rows_stays(place: MakePlace, rule: str | None) -> None:
    at = place(company(ondelete=rule))
    run = seeded_company(at)
    at.add("link", {"dept_id": 1, "person_id": 2})
    done = at.undo(run)
    assert at.rows("link") == [(1, 2)]
    assert at.rows("dept") == [(1, "d1")]
    assert at.rows("person") == [(2, "p2")]
    because = "link (dept_id=1, person_id=2) refers to it"
    assert named(done) == {("dept", 1): because, ("person", 2): because}
    assert (done.removed, done.kept_count) == ({"dept": 2, "person": 2, "link": 3}, 2)
    assert at.state(run) == ("undone", {"dept": 1, "person": 1})


def test_what_was_kept_goes_once_nothing_refers_to_it(place: MakePlace) -> None:
    at = place(company())
    run = seeded_company(at)
    at.add("link", {"dept_id": 1, "person_id": 2})
    at.undo(run)
    again = at.undo(run)
    assert (again.removed, again.kept_count) == ({"dept": 0, "person": 0}, 2)
    at.run("DELETE FROM link")
    last = at.undo(run)
    assert (last.removed, last.kept) == ({"dept": 1, "person": 1}, ())
    assert at.rows("dept") == at.rows("person") == []
    assert at.state(run) == ("undone", {})


@pytest.mark.parametrize("rule", ["NO ACTION", "CASCADE", "SET NULL"])
def test_a_table_that_the_project_does_not_know(place: MakePlace, rule: str) -> None:
    at = place(company())
    run = seeded_company(at)
    at.run(
        "CREATE TABLE audit (number INTEGER PRIMARY KEY, who INTEGER, CONSTRAINT audit_who "
        f"FOREIGN KEY (who) REFERENCES person (id) ON DELETE {rule})",
        "INSERT INTO audit VALUES (7, 3), (8, NULL)",
    )
    done = at.undo(run)
    assert at.rows("audit") == [(7, 3), (8, None)]
    assert named(done) == {("person", 3): "audit (number=7) refers to it"}
    assert at.rows("person") == [(3, "p3")]


def chain() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("a", metadata, Column("id", Integer, primary_key=True))
    for name, before in (("b", "a"), ("c", "b"), ("d", "c")):
        sa.Table(
            name,
            metadata,
            Column("id", Integer, primary_key=True),
            Column("up", ForeignKey(f"{before}.id", ondelete="CASCADE"), nullable=False),
        )
    return metadata


def test_kept_rows_keep_what_they_refer_to(place: MakePlace) -> None:
    at = place(chain())
    run = at.seed(
        {"a": [{"id": n} for n in (1, 2)]}
        | {name: [{"id": n, "up": n} for n in (1, 2)] for name in "bc"}
    )
    at.add("d", {"id": 9, "up": 2})
    done = at.undo(run)
    assert named(done) == {
        ("c", 2): "d (id=9) refers to it",
        ("b", 2): "c (id=2) refers to it",
        ("a", 2): "b (id=2) refers to it",
    }
    assert done.removed == {"a": 1, "b": 1, "c": 1}
    assert [at.rows(name) for name in "abcd"] == [[(2,)], [(2, 2)], [(2, 2)], [(9, 2)]]


def test_a_row_of_another_run_keeps_what_it_refers_to(place: MakePlace) -> None:
    at = place(company())
    first = seeded_company(at)
    second = at.seed(
        {
            "dept": [{"id": 9, "name": "d9"}],
            "link": [{"dept_id": 9, "person_id": 1}, {"dept_id": 2, "person_id": 1}],
        }
    )
    done = at.undo(first)
    assert sorted(named(done)) == [("dept", 2), ("person", 1)]
    assert at.rows("link") == [(2, 1), (9, 1)]
    assert at.undo(second) == Undone(second, {"dept": 1, "link": 2}, (), 0)
    assert at.undo(first).removed == {"dept": 1, "person": 1}
    assert at.rows("dept") == at.rows("person") == at.rows("link") == []


def test_a_number_given_again_belongs_to_the_later_run(place: MakePlace) -> None:
    at = place(company())
    first = seeded_company(at)
    at.run("DELETE FROM link", "DELETE FROM person WHERE id > 1")
    second = at.seed({"person": [{"id": 2, "name": "new"}]})
    assert at.undo(first).removed == {"dept": 3, "person": 1, "link": 0}
    assert at.rows("person") == [(2, "new")]
    assert at.undo(second).removed == {"person": 1}


def test_rows_that_the_user_has_deleted_already(place: MakePlace) -> None:
    at = place(company())
    run = seeded_company(at)
    at.run("DELETE FROM link WHERE person_id = 2", "DELETE FROM person WHERE id = 2")
    assert at.undo(run).removed == {"dept": 3, "person": 2, "link": 2}
    assert at.rows("person") == []


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


def texts() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "country",
        metadata,
        Column("code", String(9), primary_key=True),
        Column("since", sa.Date, primary_key=True),
        Column("level", sa.Enum(Level), primary_key=True),
        Column("rate", sa.Numeric(6, 2), primary_key=True),
    )
    sa.Table("ident", metadata, Column("key", sa.Uuid, primary_key=True))
    sa.Table(
        "town",
        metadata,
        Column("code", String(9), primary_key=True, key="letters"),
        Column("code2", String(9)),
        Column("since", sa.Date),
        Column("level", sa.Enum(Level)),
        Column("rate", sa.Numeric(6, 2)),
        sa.ForeignKeyConstraint(
            ["code2", "since", "level", "rate"],
            ["country.code", "country.since", "country.level", "country.rate"],
            name="fk_town",
        ),
    )
    return metadata


def test_composite_and_text_keys(place: MakePlace) -> None:
    import uuid

    at = place(texts())
    day, rate = date(2024, 2, 29), Decimal("1.50")
    one = {"code": "ä'\"%", "since": day, "level": Level.HIGH, "rate": rate}
    two = one | {"level": Level.LOW}
    other = one | {"rate": Decimal("1.51")}
    at.add("country", other)
    idents = [uuid.UUID(int=n) for n in (1, 2)]
    at.add("ident", {"key": uuid.UUID(int=3)})
    run = at.seed(
        {
            "country": [one, two],
            "ident": [{"key": key} for key in idents],
            "town": [{"letters": "%s"}, {"letters": "t"}],
        }
    )
    at.add("town", {"letters": "u", "code2": one["code"], **{k: two[k] for k in list(two)[1:]}})
    done = at.undo(run)
    (kept,) = done.kept
    assert kept.key == two
    assert kept.because == "town (letters=u) refers to it"
    assert at.rows("country") == sorted([tuple(two.values()), tuple(other.values())], key=repr)
    assert at.rows("ident") == [(uuid.UUID(int=3),)]
    assert [row[0] for row in at.rows("town")] == ["u"]
    assert done.removed == {"country": 1, "ident": 2, "town": 2}


def unkeyed() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("a", metadata, Column("id", Integer, primary_key=True))
    sa.Table(
        "note",
        metadata,
        Column("a_id", ForeignKey("a.id", name="fk_note")),
        Column("text", String(20)),
        Column("data", sa.JSON),
    )
    return metadata


def note(a_id: int | None, text: str | None, data: Any = 1) -> dict[str, Any]:
    return {"a_id": a_id, "text": text, "data": {"x": [data, "é"]}}


def test_a_table_without_a_primary_key(place: MakePlace) -> None:
    at = place(unkeyed())
    notes = [note(1, "x"), note(1, None), note(None, "y"), note(2, "twice"), note(2, "twice")]
    notes += [note(3, "more", 5), note(None, None)]
    run = at.seed({"a": [{"id": n} for n in (1, 2, 3)], "note": notes})
    at.add("note", note(3, "more", 5), note(None, "x"), note(None, "y", 2))
    done = at.undo(run)
    assert done.removed == {"a": 2, "note": 6}
    more = {"a_id": 3, "text": "more", "data": {"x": [5, "é"]}}
    kept = {each.table: each for each in done.kept}
    assert kept["note"].key == more
    assert kept["note"].because == "the table holds more rows like it than the run made"
    assert kept["a"].because == "note (a_id=3) refers to it"
    assert (done.kept_count, len(done.kept)) == (2, 2)
    assert len(at.rows("note")) == 4
    assert at.rows("a") == [(3,)]
    at.run("DELETE FROM note WHERE a_id = 3")
    at.add("note", more)
    assert at.undo(run).removed == {"a": 1, "note": 1}
    assert len(at.rows("note")) == 2


def tree(nullable: bool, rule: str | None = None) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "node",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("up", ForeignKey("node.id", name="fk_up", ondelete=rule), nullable=nullable),
    )
    return metadata


@pytest.mark.parametrize("rule", [None, "CASCADE", "RESTRICT"])
@pytest.mark.parametrize("nullable", [True, False])
def test_a_tree_in_one_table(place: MakePlace, nullable: bool, rule: str | None) -> None:
    """A root refers to nothing, or to itself; the depth is more than InnoDB cascades."""
    at = place(tree(nullable, rule))
    root = None if nullable else 1
    nodes = [{"id": 1, "up": root}, *({"id": n, "up": n - 1} for n in range(2, 41))]
    nodes += [{"id": n, "up": n // 2} for n in range(41, 60)]
    run = at.seed({"node": nodes[:1]})
    at.undo(run)
    run = at.seed({"node": nodes})
    at.add("node", {"id": 100, "up": 3})
    done = at.undo(run)
    assert named(done) == {
        ("node", 3): "node (id=100) refers to it",
        ("node", 2): "node (id=3) refers to it",
        ("node", 1): "node (id=2) refers to it",
    }
    assert done.removed == {"node": 56}
    assert at.rows("node") == [(1, root), (100, 3), (2, 1), (3, 2)]
    at.run("DELETE FROM node WHERE id = 100")
    assert at.undo(run).removed == {"node": 3}


def circle(nullable: bool, rule: str | None = None, deferred: bool = False) -> sa.MetaData:
    metadata = sa.MetaData()
    for name, other in (("hen", "egg"), ("egg", "hen")):
        sa.Table(
            name,
            metadata,
            Column("id", Integer, primary_key=True),
            Column(
                "other",
                ForeignKey(
                    f"{other}.id",
                    name=f"fk_{name}",
                    use_alter=True,
                    ondelete=rule,
                    deferrable=deferred or None,
                    initially="DEFERRED" if deferred else None,
                ),
                nullable=nullable,
            ),
        )
    sa.Table(
        "nest",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("hen_id", ForeignKey("hen.id", name="fk_nest")),
    )
    return metadata


@pytest.mark.parametrize("rule", [None, "CASCADE", "SET NULL"])
def test_a_circle_of_foreign_keys(place: MakePlace, rule: str | None) -> None:
    at = place(circle(True, rule))
    numbers = (1, 2, 3)
    run = at.seed(
        {
            "egg": [{"id": n} for n in numbers],
            "hen": [{"id": n, "other": n % 3 + 1} for n in numbers],
            "nest": [{"id": n, "hen_id": n} for n in numbers],
        }
    )
    at.run("UPDATE egg SET other = id", "INSERT INTO hen VALUES (9, NULL)")
    at.run("INSERT INTO egg VALUES (9, 9), (10, NULL)")
    assert at.undo(run) == Undone(run, {"egg": 3, "hen": 3, "nest": 3}, (), 0)
    assert at.rows("egg") == [(10, None), (9, 9)]
    assert at.rows("hen") == [(9, None)]


@pytest.mark.parametrize("rule", [None, "CASCADE", "SET NULL"])
def test_a_circle_that_has_to_stay(place: MakePlace, rule: str | None) -> None:
    at = place(circle(True, rule))
    rows = [{"id": n, "other": n} for n in (1, 2)]
    run = at.seed({"egg": [{"id": n} for n in (1, 2)], "hen": rows})
    at.run("UPDATE egg SET other = id", "INSERT INTO nest VALUES (5, 2)")
    done = at.undo(run)
    assert named(done) == {
        ("hen", 2): "nest (id=5) refers to it",
        ("egg", 2): "hen (id=2) refers to it",
    }
    assert at.rows("egg") == at.rows("hen") == [(2, 2)]


def test_a_circle_that_cannot_be_cut(place: MakePlace, backend: str) -> None:
    mariadb = backend == "mariadb"
    at = place(circle(False, deferred=not mariadb))
    with at.engine.begin() as connection:
        # MariaDB defers nothing: such rows can only have come about like this.
        if mariadb:
            connection.exec_driver_sql("SET foreign_key_checks=0")
        connection.exec_driver_sql("INSERT INTO hen VALUES (1, 1), (2, 2), (3, 3)")
        connection.exec_driver_sql("INSERT INTO egg VALUES (1, 1), (2, 2), (3, 3)")
        run = ledger.begin(connection, profile=None, counts={}, random_seed=1, plan={})
        for name in ("hen", "egg"):
            ledger.record_keys(connection, run, at.tables[name], ["id"], [range(1, 3)])
    at.add("nest", {"id": 1, "hen_id": 1})
    with at.engine.begin() as connection:
        done = undo(connection, run, at.tables)
        if mariadb:
            assert connection.scalar(sa.text("SELECT @@foreign_key_checks")) == 1
    assert done.removed == {"hen": 1, "egg": 1}
    assert at.rows("hen") == at.rows("egg") == [(1, 1), (3, 3)]


def two_circles() -> sa.MetaData:
    """a1 and a2 refer to each other, as do z1 and z2; a1 refers to m, and m to z1."""
    metadata = sa.MetaData()
    links = {"a1": ["a2", "m"], "a2": ["a1"], "m": ["z1"], "z1": ["z2"], "z2": ["z1"]}
    for name, others in links.items():
        sa.Table(
            name,
            metadata,
            Column("id", Integer, primary_key=True),
            *(
                Column(f"to_{o}", ForeignKey(f"{o}.id", name=f"fk_{name}_{o}", use_alter=True))
                for o in others
            ),
        )
    return metadata


def test_circles_one_after_the_other(place: MakePlace) -> None:
    at = place(two_circles())
    rows = [{"id": n} for n in (1, 2, 3)]
    run = at.seed({name: rows for name in ("z2", "z1", "m", "a2", "a1")})
    at.run("UPDATE z1 SET to_z2 = id", "UPDATE z2 SET to_z1 = id", "UPDATE m SET to_z1 = id")
    at.run("UPDATE a2 SET to_a1 = id", "UPDATE a1 SET to_a2 = id, to_m = id")
    assert set(at.undo(run).removed.values()) == {3}
    assert at.rows("z1") == at.rows("m") == []


def joined() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("person", metadata, Column("id", Integer, primary_key=True))
    sa.Table("boss", metadata, Column("id", ForeignKey("person.id"), primary_key=True))
    for name in ("person", "boss"):
        sa.Table(
            f"{name}_note",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("of", ForeignKey(f"{name}.id")),
        )
    return metadata


def test_an_object_in_two_tables_stays_or_goes_whole(place: MakePlace) -> None:
    at = place(joined())
    rows = [{"id": n} for n in (1, 2, 3, 4, 5)]
    run = at.seed({"person": rows, "boss": rows[:4]})
    at.add("boss_note", {"id": 1, "of": 1})
    at.add("person_note", {"id": 1, "of": 2}, {"id": 2, "of": 4})
    at.run("DELETE FROM boss WHERE id = 4")
    done = at.undo(run)
    assert named(done) == {
        ("boss", 1): "boss_note (id=1) refers to it",
        ("person", 1): "boss (id=1) refers to it",
        ("person", 2): "person_note (id=1) refers to it",
        ("boss", 2): "the row of person that it belongs to is kept",
        ("person", 4): "person_note (id=2) refers to it",
    }
    assert at.rows("boss") == [(1,), (2,)]
    assert at.rows("person") == [(1,), (2,), (4,)]


def unique() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "item",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("slug", String(20), unique=True),
    )
    sa.Table(
        "tag",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("slug", ForeignKey("item.slug")),
    )
    return metadata


def test_a_foreign_key_to_another_column_than_the_key(place: MakePlace) -> None:
    at = place(unique())
    rows = [{"id": n, "slug": f"s{n}"} for n in (1, 2, 3)]
    run = at.seed({"item": rows, "tag": [{"id": 1, "slug": "s1"}]})
    at.add("tag", {"id": 2, "slug": "s2"}, {"id": 3, "slug": None})
    done = at.undo(run)
    assert named(done) == {("item", 2): "tag (id=2) refers to it"}
    assert at.rows("item") == [(2, "s2")]
    assert at.rows("tag") == [(2, "s2"), (3, None)]


def test_each_of_a_hundred_is_named_however_many_refer_to_one(place: MakePlace) -> None:
    at = place(company())
    many = [{"id": n, "name": "x"} for n in range(1, 131)]
    run = at.seed({"dept": many, "person": many}, parts=3)
    at.add("link", *({"dept_id": 1, "person_id": n} for n in range(1, 121)))
    at.add("link", {"dept_id": 2, "person_id": 1})
    done = at.undo(run)
    assert done.kept_count == 122
    assert len(done.kept) == MOST_NAMED
    at.run("DELETE FROM link WHERE person_id > 90")
    done = at.undo(run)
    assert done.kept_count == len(done.kept) == len(named(done)) == 92
    assert sum(name == "dept" for name, _ in named(done)) == 2


def test_the_model_of_a_table_is_gone(place: MakePlace) -> None:
    at = place(company())
    run = seeded_company(at)
    del at.tables["link"]
    assert at.undo(run).removed == {"dept": 3, "person": 3, "link": 3}
    assert at.rows("link") == []


def test_a_table_is_gone(place: MakePlace) -> None:
    at = place(company())
    run = seeded_company(at)
    at.run("DROP TABLE link")
    done = at.undo(run)
    assert done == Undone(run, {"dept": 3, "person": 3}, (), 0, missing={"link": 3})
    assert not done.is_complete
    assert at.state(run) == ("done", {"link": 3})


def test_an_unknown_run_and_one_that_is_undone(place: MakePlace) -> None:
    at = place(company())
    run = seeded_company(at)
    with pytest.raises(SeedError, match=f"There is no seed run {run + 1}") as caught:
        at.undo(run + 1)
    assert "manage.py seed --status" in str(caught.value.hint)
    at.undo(run)
    with pytest.raises(SeedError, match=f"Seed run {run} is already undone") as caught:
        at.undo(run)
    assert "manage.py seed --status" in str(caught.value.hint)


def test_nothing_is_undone_until_the_caller_commits(place: MakePlace) -> None:
    """The temporary tables do not commit, and are gone afterwards."""
    at = place(company())
    run = seeded_company(at)
    at.add("link", {"dept_id": 1, "person_id": 2})
    for _ in range(2):
        with at.engine.connect() as connection:
            for _ in range(2):
                if at.engine.dialect.name == "sqlite":  # as the tool's own transactions begin
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                assert undo(connection, run, at.tables).removed["link"] == 3
                connection.rollback()
            with pytest.raises(sa.exc.DBAPIError):
                connection.execute(sa.text("SELECT * FROM sqlalchemy_manage_undo_gone_0"))
    assert len(at.rows("link")) == 4
    assert at.state(run) == ("done", {"dept": 3, "person": 3, "link": 3})


def test_indexes_that_were_made_for_it_are_gone(place: MakePlace) -> None:
    at = place(company())
    many = [{"id": n, "name": "x"} for n in range(1, 301)]
    links = [{"dept_id": n, "person_id": n} for n in range(1, 301)]
    before = sa.inspect(at.engine).get_indexes("link")
    made: list[str] = []

    @sa.event.listens_for(at.engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        made.extend([statement] if "CREATE INDEX sqlalchemy_manage_undo_" in statement else [])

    run = at.seed({"dept": many, "person": many, "link": links})
    at.undo(run)
    wanted = [] if at.engine.dialect.name == "mariadb" else ["link (person_id)"]
    asked = [text for text in made if "_key ON" not in text]
    assert [text.partition(" ON ")[2] for text in asked] == wanted
    assert sa.inspect(at.engine).get_indexes("link") == before


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
def test_a_reference_made_meanwhile_does_not_vanish(place: MakePlace, level: str) -> None:
    """Another session refers, with a cascading key, to a row that is being removed."""
    at = place(company(ondelete="CASCADE"))
    if at.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    at.engine = at.engine.execution_options(isolation_level=level)
    run = seeded_company(at)
    at.add("person", {"id": 50, "name": "mine"})
    refused: list[BaseException] = []

    def user() -> None:
        try:
            at.add("link", {"dept_id": 1, "person_id": 50})
        except sa.exc.DBAPIError as error:  # to InnoDB it may be a deadlock
            refused.append(error)

    thread = threading.Thread(target=user)

    @sa.event.listens_for(at.engine, "before_cursor_execute")
    def meanwhile(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.startswith("DELETE FROM dept") and not thread.ident:
            thread.start()
            thread.join(1)

    done = at.undo(run)
    thread.join(60)
    assert done.removed["dept"] == 3
    assert len(refused) == 1
    assert at.rows("link") == []


def test_triggers_of_the_tables_still_fire(place: MakePlace) -> None:
    at = place(company())
    run = seeded_company(at)
    body = "INSERT INTO gone VALUES (OLD.id)"
    at.run("CREATE TABLE gone (id INTEGER)")
    if at.engine.dialect.name == "postgresql":
        at.run(
            f"CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN {body}; RETURN OLD; END $$ "
            "LANGUAGE plpgsql",
            "CREATE TRIGGER note AFTER DELETE ON dept FOR EACH ROW EXECUTE FUNCTION note()",
        )
    else:
        start, end = ("BEGIN", "; END") if at.engine.dialect.name == "sqlite" else ("", "")
        at.run(f"CREATE TRIGGER note AFTER DELETE ON dept FOR EACH ROW {start} {body}{end}")
    at.undo(run)
    assert at.rows("gone") == [(1,), (2,), (3,)]


def test_tables_in_a_schema(place: MakePlace) -> None:
    """The project's in one schema, a table that it does not know in the default one."""
    metadata = sa.MetaData()
    probe = place(sa.MetaData())
    if probe.engine.dialect.name != "postgresql":
        pytest.skip("schemas of a database are PostgreSQL's")
    probe.run("CREATE SCHEMA Odd")
    numbers = Column("id", Integer, primary_key=True)
    sa.Table("item", metadata, numbers, schema="odd")
    sa.Table(
        "part",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("item_id", ForeignKey("odd.item.id")),
        schema="odd",
    )
    at = place(metadata)
    items = [{"id": n} for n in range(1, 200)]
    run = at.seed({"odd.item": items, "odd.part": [{"id": 1, "item_id": 1}]})
    at.run("CREATE TABLE mine (id int REFERENCES odd.item ON DELETE CASCADE)")
    at.run("INSERT INTO mine VALUES (4)")
    done = at.undo(run)
    assert named(done) == {("odd.item", 4): "mine (id=4) refers to it"}
    assert done.removed == {"odd.item": 198, "odd.part": 1}
    assert at.rows("mine") == [(4,)]
    assert sa.inspect(at.engine).get_indexes("part", schema="odd") == []

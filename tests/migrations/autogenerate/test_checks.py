"""CHECK constraints: added, removed, changed; with and without names; with rows in the table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.comparing import Database, there_and_back
from support.project import ProjectFolder

Items = Callable[[], list[Any]]
LONG = "ck_" + "long_" * 14  # of 73 characters, more than any of the databases takes

ROWS = "INSERT INTO item (id, qty, name) VALUES (1, 2, 'ab'), (2, 4, NULL)"


def check(condition: str, name: str | None = None, **kw: Any) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name, **kw)


def item(items: Items, convention: Any = None) -> sa.MetaData:
    metadata = sa.MetaData(naming_convention=convention)
    sa.Table(
        "item",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("qty", sa.Integer),
        sa.Column("name", sa.String(20)),
        *items(),
    )
    return metadata


def filled(engine: sa.Engine, items: Items, convention: Any = None, **kw: Any) -> Database:
    database = Database(engine, **kw)
    database.create(item(items, convention))
    database.execute(ROWS)
    return database


def both_ways(
    database: Database, old: Items, new: Items, convention: Any = None
) -> list[tuple[str, str]]:
    """The changes, as the class of the operation and the name of the constraint."""
    before = database.rows("SELECT id, qty, name FROM item ORDER BY id")
    found = there_and_back(database, item(old, convention), item(new, convention))
    assert database.rows("SELECT id, qty, name FROM item ORDER BY id") == before
    return [(type(op).__name__, str(op.constraint_name)) for op in found]


CHANGES: dict[str, tuple[Items, Items, list[str]]] = {
    "added": (lambda: [], lambda: [check("qty > 0", "ck")], ["+ck"]),
    "removed": (lambda: [check("qty > 0", "ck")], lambda: [], ["-ck"]),
    "changed": (
        lambda: [check("qty > 0", "ck")],
        lambda: [check("qty >= 0", "ck")],
        ["-ck", "+ck"],
    ),
    "a value more": (
        lambda: [check("name IN ('ab', 'x')", "ck")],
        lambda: [check("name IN ('ab', 'x', 'y')", "ck")],
        ["-ck", "+ck"],
    ),
    "case of a literal": (
        lambda: [check("name <> 'x'", "ck")],
        lambda: [check("name <> 'X'", "ck")],
        ["-ck", "+ck"],
    ),
    "parentheses that count": (
        lambda: [check("qty > 0 AND (qty < 9 OR name = 'ab')", "ck")],
        lambda: [check("(qty > 0 AND qty < 9) OR name = 'ab'", "ck")],
        ["-ck", "+ck"],
    ),
    "what the server rewords": (
        lambda: [check("length(name) > 1 AND NOT (qty < 0)", "ck")],
        lambda: [check("length(name) > 1 AND NOT (qty < 1)", "ck")],
        ["-ck", "+ck"],
    ),
    "percent, colon, quote": (
        lambda: [check("name LIKE 'a%' OR name = 'it''s \\:x'", "ck")],
        lambda: [check("name LIKE 'a_' OR name = 'it''s \\:y' OR qty % 2 = 0", "ck")],
        ["-ck", "+ck"],
    ),
    "several": (
        lambda: [check("qty > 0", "ck_a"), check("qty < 9", "ck_b"), check("qty < 8", "ck_c")],
        lambda: [check("qty > 0", "ck_a"), check("qty < 7", "ck_b"), check("qty < 99", "ck_d")],
        ["-ck_c", "-ck_b", "+ck_b", "+ck_d"],
    ),
    "mixed case name": (
        lambda: [check("qty > 0", "Ck Item")],
        lambda: [check("qty > 1", "Ck Item")],
        ["-Ck Item", "+Ck Item"],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_named(change: str, engine: sa.Engine) -> None:
    old, new, expected = CHANGES[change]
    found = both_ways(filled(engine, old), old, new)
    signs = {"DropConstraintOp": "-", "CreateCheckConstraintOp": "+"}
    assert sorted(signs[kind] + name for kind, name in found) == sorted(expected)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_outside_of_a_batch(engine: sa.Engine) -> None:
    old, new, _ = CHANGES["changed"]
    database = filled(engine, old, as_batch=False)
    both_ways(database, old, new)
    assert "batch" not in "".join(database.code)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_code(engine: sa.Engine) -> None:
    old, new, _ = CHANGES["percent, colon, quote"]
    database = filled(engine, old)
    database.compare(item(new))
    assert database.code[0].splitlines()[1:4] == [
        "    with op.batch_alter_table('item', schema=None) as batch_op:",
        "        batch_op.drop_constraint(batch_op.f('ck'), type_='check')",
        "        batch_op.create_check_constraint(batch_op.f('ck'), "
        "\"name LIKE 'a_' OR name = 'it''s \\\\:y' OR qty % 2 = 0\")",
    ]


def test_a_naming_convention_is_applied_once(engine: sa.Engine) -> None:
    convention = {"ck": "ck_%(table_name)s_%(constraint_name)s"}

    def old() -> list[Any]:
        return [check("qty > 0", "positive")]

    def new() -> list[Any]:
        return [check("qty > 1", "positive"), check("qty < 99", "small")]

    found = both_ways(filled(engine, old, convention), old, new, convention)
    assert [name for _, name in found] == ["ck_item_positive"] * 2 + ["ck_item_small"]


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_name_that_the_database_cuts(engine: sa.Engine) -> None:
    convention = {"ck": f"{LONG}_%(constraint_name)s"}

    def old() -> list[Any]:
        return [check("qty > 0", "positive")]

    def new() -> list[Any]:
        return [check("qty > 1", "positive")]

    found = both_ways(filled(engine, old, convention), old, new, convention)
    assert [kind for kind, _ in found] == ["DropConstraintOp", "CreateCheckConstraintOp"]
    assert len(found[0][1]) < len(LONG)


def test_an_unnamed_one_that_comes_gets_a_name(engine: sa.Engine) -> None:
    def old() -> list[Any]:
        return [check("qty < 100")]

    def new() -> list[Any]:
        return [check("qty < 100"), check("qty > 0"), check("qty < 99")]

    names = ["item_qty_check", "item_qty_check1", "item_qty_check2"]
    taken = engine.dialect.name != "mariadb"  # where the old one has another name
    assert sorted(both_ways(filled(engine, old), old, new)) == [
        ("CreateCheckConstraintOp", name) for name in names[taken:][:2]
    ]


def test_an_unnamed_one_that_goes_is_dropped_by_the_server_s_name(
    engine: sa.Engine, backend: str
) -> None:
    def old() -> list[Any]:
        return [check("qty < 100"), check("qty > 0")]

    def new() -> list[Any]:
        return [check("qty < 100")]

    ((kind, name),) = both_ways(filled(engine, old), old, new)
    assert kind == "DropConstraintOp"
    assert name.startswith("CONSTRAINT_" if backend == "mariadb" else "item_qty_check")


def in_a_column(*checks: sa.CheckConstraint, nullable: bool = True) -> Items:
    copies = [check._copy for check in checks]
    return lambda: [sa.Column("c", sa.Integer, *(copy() for copy in copies), nullable=nullable)]


def test_one_within_a_column_is_in_the_revision_that_creates_the_table(engine: sa.Engine) -> None:
    database = Database(engine)
    model = item(in_a_column(check("c > 5")))
    database.compare(model)
    database.run(database.code[0])
    assert database.operations(model) == [], database.code[0]
    with pytest.raises(sa.exc.DBAPIError):
        database.execute("INSERT INTO item (id, c) VALUES (1, 5)")


def test_one_within_a_new_column(engine: sa.Engine) -> None:
    def old() -> list[Any]:
        return []

    database = filled(engine, old)
    ops = there_and_back(database, item(old), item(in_a_column(check("c > 5"))))
    assert [type(op).__name__ for op in ops] == ["AddColumnOp", "CreateCheckConstraintOp"]


@pytest.mark.parametrize("backend", ["mariadb"])
def test_altering_a_column_on_mariadb_keeps_the_one_within(engine: sa.Engine) -> None:
    old = in_a_column(check("c < 5"))
    new = in_a_column(check("c < 5"), nullable=False)
    database = Database(engine)
    database.create(item(old))
    there_and_back(database, item(old), item(new))
    with pytest.raises(sa.exc.DBAPIError):
        database.execute("INSERT INTO item (id, c) VALUES (1, 5)")


@pytest.mark.parametrize("backend", ["mariadb"])
def test_json_on_mariadb_stays_json_and_can_stop_to_be(engine: sa.Engine) -> None:
    def column(type_: Any, **kw: Any) -> Items:
        return lambda: [sa.Column("c", type_, **kw)]

    database = Database(engine)
    database.create(item(column(sa.JSON)))
    database.execute("""INSERT INTO item (id, c) VALUES (1, '{"a": 1}')""")
    there_and_back(database, item(column(sa.JSON)), item(column(sa.JSON, nullable=False)))
    with pytest.raises(sa.exc.DBAPIError):
        database.execute("UPDATE item SET c = 'x'")
    database.compare(item(column(sa.String(50))))
    database.run(database.code[0])
    database.execute("UPDATE item SET c = 'x'")


def test_of_a_type_is_left_to_the_type(engine: sa.Engine) -> None:
    def kind(*values: str, name: str = "kind") -> Items:
        enum = {"native_enum": False, "create_constraint": True, "length": 9}
        return lambda: [
            sa.Column("kind", sa.Enum(*values, name=name, **enum)),
            sa.Column("flag", sa.Boolean(create_constraint=True, name="ck_flag")),
            check("qty > 0", "ck"),
        ]

    database = filled(engine, kind("a", "b"))
    assert database.operations(item(kind("a", "b"))) == [], database.code[0]
    names = {
        str(getattr(op, "constraint_name", ""))
        for op in database.operations(item(kind("a", "b", "c")))
        if type(op).__name__ in ("DropConstraintOp", "CreateCheckConstraintOp")
    }
    assert names == set()


def test_of_an_enum_that_is_none_any_more(engine: sa.Engine) -> None:
    def as_enum() -> list[Any]:
        enum = sa.Enum("a", "b", name="ck_c", native_enum=False, create_constraint=True, length=9)
        return [sa.Column("c", enum)]

    def as_text() -> list[Any]:
        return [sa.Column("c", sa.String(9))]

    database = filled(engine, as_enum)
    database.compare(item(as_text))
    assert database.code[0].count("ck_c") == 1 or "alter_enum" in database.code[0]
    database.run(database.code[0])
    assert database.operations(item(as_text)) == [], database.code[0]
    database.execute("UPDATE item SET c = 'z'")


def test_together_with_the_column_that_it_mentions(engine: sa.Engine) -> None:
    def old() -> list[Any]:
        return [sa.Column("c", sa.Integer), check("c > qty", "ck")]

    database = filled(engine, old)
    ops = there_and_back(database, item(old), item(lambda: []))
    assert [type(op).__name__ for op in ops] == ["DropConstraintOp", "DropColumnOp"]


@pytest.mark.parametrize("backend", ["postgresql"])
def test_in_another_schema(engine: sa.Engine) -> None:
    def models(condition: str) -> sa.MetaData:
        metadata = sa.MetaData(schema="depot")
        sa.Table("item", metadata, sa.Column("qty", sa.Integer), check(condition, "ck"))
        return metadata

    database = Database(engine)
    database.execute("CREATE SCHEMA depot")
    old, new = models("qty BETWEEN 1 AND 5"), models("qty BETWEEN 1 AND 6")
    database.create(old)
    found = there_and_back(database, old, new)
    assert [(type(op).__name__, op.schema) for op in found] == [
        ("DropConstraintOp", "depot"),
        ("CreateCheckConstraintOp", "depot"),
    ]


def test_for_another_database_is_none(engine: sa.Engine, backend: str) -> None:
    def models() -> list[Any]:
        return [check("qty > 0", "ck").ddl_if(dialect="oracle")]

    database = Database(engine)
    database.compare(item(models))
    assert "ck" not in database.code[0]
    database.run(database.code[0])
    assert database.operations(item(models)) == []


@pytest.mark.server
def test_the_text_of_postgresql_runs_on_sqlite(new_database: Callable[..., str]) -> None:
    """A downgrade restores what the database had, in words for all of them."""

    def old() -> list[Any]:
        return [check("name IN ('ab', 'b') OR qty BETWEEN 1 AND 5 OR name LIKE 'a%'", "ck")]

    downgrade = ""
    for backend in ("postgresql", "sqlite"):
        engine = sa.create_engine(new_database(backend), poolclass=sa.NullPool)
        database = filled(engine, old)
        database.compare(item(lambda: []))
        downgrade = downgrade or database.code[1]
        database.run(database.code[0])
    database.run(downgrade)
    with pytest.raises(sa.exc.IntegrityError):
        database.execute("UPDATE item SET name = 'x', qty = 7 WHERE id = 1")
    database.execute("UPDATE item SET name = 'b', qty = 7 WHERE id = 1")


def test_a_check_that_is_an_expression_belongs_to_no_enum(
    tmp_path: Path, database_url: str
) -> None:
    """``column.in_(...)`` without a name, on a String: it is the model's own."""
    project = ProjectFolder(tmp_path / "project", database_url)
    project.models(
        'status = Column("status", String(20))\n'
        'table("run", key(), status, CheckConstraint(status.in_(["NEW", "OLD"])))\n'
    )
    plain = re.sub(r"MetaData\(.*?\n\)", "MetaData()", project.file.read_text(), flags=re.DOTALL)
    project.file.write_text(plain)
    project.done("makemigrations")
    project.done("migrate")
    seen = project.manage("makemigrations", "--check")
    assert seen.code == 0, seen

"""Indexes: each thing about one changed by itself, there and back, on a filled table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, text
from sqlalchemy.dialects import postgresql
from support.comparing import Database, there_and_back
from support.project import ProjectFolder

Make = Callable[[Any], Any]
"""Makes the index of a table from its columns; or none."""

ALL = ("sqlite", "postgresql", "mariadb")
PARTIAL = ("sqlite", "postgresql")
PG = ("postgresql",)


def index(*keys: Any, **kw: Any) -> Make:
    """An index of columns by name, or of what functions make of the columns."""
    return lambda c: sa.Index(
        "ix",
        *(c[key] if isinstance(key, str) else key(c) if callable(key) else key for key in keys),
        **{k: v(c) if callable(v) else v for k, v in kw.items()},
    )


def where(condition: Any) -> dict[str, Any]:
    return {f"{dialect}_where": condition for dialect in PARTIAL}


def lower(c: Any) -> Any:
    return func.lower(c.name)


def none(c: Any) -> None:
    return None


def item(make: Make, schema: str | None = None) -> sa.MetaData:
    metadata = sa.MetaData(schema=schema)
    table = sa.Table(
        "item",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("qty", sa.Integer),
        sa.Column("name", sa.String(20)),
        sa.Column("body", sa.Text),
        sa.Column("Mixed", sa.Integer),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
    )
    made = make(table.c)
    if made is not None and made.table is None:
        table.append_constraint(made)  # of text alone
    return metadata


CHANGES: dict[str, tuple[tuple[str, ...], Make, Make]] = {
    "columns": (ALL, index("qty"), index("qty", "name")),
    "their order": (ALL, index("name", "qty"), index("qty", "name")),
    "unique": (ALL, index("qty"), index("qty", unique=True)),
    "descending": (ALL, index("qty"), index(lambda c: c.qty.desc())),
    "descending no more": (ALL, index("qty", lambda c: c.id.desc()), index("qty", "id")),
    "mixed case": (ALL, index("Mixed"), index(lambda c: c.Mixed.desc())),
    "predicate added": (PARTIAL, index("qty"), index("qty", **where(text("qty > 5")))),
    "predicate removed": (
        PARTIAL,
        index("qty", **where(lambda c: c.name.in_(["a", "b"]))),
        index("qty"),
    ),
    "predicate changed": (
        PARTIAL,
        index("qty", **where(text("qty BETWEEN 1 AND 5 AND name LIKE 'a%'"))),
        index("qty", **where(text("qty BETWEEN 1 AND 6 AND name LIKE 'a%'"))),
    ),
    "literal of a predicate": (
        PARTIAL,
        index("qty", **where(text("name = 'it''s \\:x'"))),
        index("qty", **where(text("name = 'it''s \\:X'"))),
    ),
    "predicate and columns": (
        PARTIAL,
        index("qty", **where(text("qty > 5"))),
        index("name", **where(text("qty > 6"))),
    ),
    "expression added": (PARTIAL, none, index(lower)),
    "expression removed": (PARTIAL, index(lower), none),
    "expression changed": (PARTIAL, index(lower), index(lambda c: func.upper(c.name))),
    "expression with a literal": (
        PARTIAL,
        index(lambda c: func.coalesce(c.name, "x")),
        index(lambda c: func.coalesce(c.name, "X")),
    ),
    "expression as text": (PARTIAL, index(text("(qty + id)")), index(text("(qty - id)"))),
    "expression for a column": (PARTIAL, index("name"), index(lower)),
    "expression descending": (
        PARTIAL,
        index(lower, "qty"),
        index(lambda c: lower(c).desc(), "qty"),
    ),
    "expression with a predicate": (
        PARTIAL,
        index(lower, **where(text("qty > 5"))),
        index(lower, **where(text("qty > 6"))),
    ),
    "expression unique": (PARTIAL, index(lower), index(lower, unique=True)),
    "collation": (
        ("sqlite",),
        index(lambda c: c.name.collate("NOCASE")),
        index(lambda c: c.name.collate("RTRIM")),
    ),
    "method": (PG, index("name"), index("name", postgresql_using="hash")),
    "method back": (PG, index("name", postgresql_using="hash"), index("name")),
    "include": (
        PG,
        index("name", postgresql_include=["qty"]),
        index("name", postgresql_include=["qty", "id"]),
    ),
    "include no more": (PG, index("name", postgresql_include=["qty"]), index("name")),
    "operators": (
        PG,
        index("data", postgresql_using="gin"),
        index("data", postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"}),
    ),
    "operators no more": (
        PG,
        index("name", "qty", postgresql_ops={"name": "varchar_pattern_ops"}),
        index("name", "qty"),
    ),
    "operators of an expression": (
        PG,
        index(lambda c: lower(c).label("l"), postgresql_ops={"l": "text_pattern_ops"}),
        index(lower),
    ),
    "storage": (
        PG,
        index("qty", postgresql_with={"fillfactor": 50}),
        index("qty", postgresql_with={"fillfactor": 60}),
    ),
    "nulls": (PG, index(lambda c: c.qty.desc()), index(lambda c: c.qty.desc().nulls_last())),
    "nulls of an expression": (PG, index(lower), index(lambda c: lower(c).nulls_first())),
    "length": (
        ("mariadb",),
        index("body", mariadb_length=10),
        index("body", mariadb_length={"body": 12}),
    ),
    "length no more": (("mariadb",), index("name", mariadb_length=10), index("name")),
}


@pytest.mark.parametrize(
    ("backend", "change"),
    [(b, name) for name, (backends, *_) in CHANGES.items() for b in backends],
)
def test_a_change(change: str, engine: sa.Engine) -> None:
    _, old, new = CHANGES[change]
    database = Database(engine)
    database.create(item(old))
    database.execute("INSERT INTO item (id, qty, name) VALUES (1, 7, 'it''s :x'), (2, 8, 'b')")
    found = there_and_back(database, item(old), item(new))
    kinds = [type(op).__name__ for op in found]
    expected = ["DropIndexOp"] * (old is not none) + ["CreateIndexOp"] * (new is not none)
    assert kinds == expected, "one drop and one creation, not those of Alembic once more"
    assert database.rows("SELECT id, qty, name FROM item ORDER BY id") == [
        (1, 7, "it's :x"),
        (2, 8, "b"),
    ]


@pytest.mark.parametrize("backend", PG)
def test_in_another_schema_outside_of_a_batch(engine: sa.Engine) -> None:
    database = Database(engine, as_batch=False)
    database.execute("CREATE SCHEMA depot")
    old = item(index("qty", **where(text("qty IN (1, 2)"))), "depot")
    new = item(index(lower, postgresql_include=["qty"]), "depot")
    database.create(old)
    found = there_and_back(database, old, new)
    assert [op.schema for op in found] == ["depot", "depot"]
    assert "batch" not in "".join(database.code)


@pytest.mark.parametrize("backend", PARTIAL)
def test_of_a_new_table_and_of_one_that_goes(engine: sa.Engine) -> None:
    database, model = Database(engine), item(index(lower, lambda c: c.qty.desc()))
    found = there_and_back(database, sa.MetaData(), model)
    assert [type(op).__name__ for op in found] == ["CreateTableOp", "CreateIndexOp"]
    database.create(model)
    found = there_and_back(database, model, sa.MetaData())
    assert [type(op).__name__ for op in found] == ["DropIndexOp", "DropTableOp"]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_rebuild_on_sqlite_leaves_the_other_indexes_as_they_are(engine: sa.Engine) -> None:
    def models(nullable: bool) -> sa.MetaData:
        metadata = item(index(lower, **where(text("qty > 5"))))
        table = metadata.tables["item"]
        sa.Index("ix_down", table.c.qty.desc(), table.c.name.collate("NOCASE"))
        sa.Index("ix_plain", table.c.qty)
        table.c.qty.nullable = nullable
        return metadata

    database = Database(engine)
    database.create(models(True))
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"
    before = database.rows(query)
    assert len(before) == 3
    database.compare(models(False))
    database.run(database.code[0])
    assert database.rows(query) == before
    assert database.operations(models(False)) == [], database.code[0]


@pytest.mark.parametrize("backend", PARTIAL)
def test_changes_that_a_rebuild_would_make_of_bare_columns(engine: sa.Engine) -> None:
    def models(make: Make, nullable: bool) -> sa.MetaData:
        metadata = item(make)
        table = metadata.tables["item"]
        sa.Index("ix_down", table.c.qty if nullable else table.c.qty.desc())
        table.c.qty.nullable = nullable
        return metadata

    database = Database(engine)
    old, new = models(none, True), models(index(lower, "qty"), False)
    database.create(old)
    database.execute("INSERT INTO item (id, qty) VALUES (1, 7)")
    assert len(there_and_back(database, old, new)) == 4


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_rebuild_on_sqlite_that_renames_a_column_takes_the_indexes_along(
    engine: sa.Engine,
) -> None:
    database = Database(engine)
    database.create(item(index(lower, "name", **where(text("name > 'name'")))))
    database.run(
        "    with op.batch_alter_table('item') as batch_op:\n"
        "        batch_op.alter_column('name', new_column_name='title')\n"
        "        batch_op.alter_column('qty', nullable=False)\n"
    )
    ((sql,),) = database.rows("SELECT sql FROM sqlite_master WHERE name = 'ix'")
    assert sql.endswith("(lower(title), title) WHERE title > 'name'")


@pytest.mark.parametrize("backend", PARTIAL)
def test_the_code(engine: sa.Engine, backend: str) -> None:
    database = Database(engine)
    database.create(item(index("qty", **where(text("name LIKE 'a%'")))))
    database.compare(item(index(lower, "qty")))
    lines = database.code[0].splitlines()[1:-1]
    assert lines == [
        "    op.drop_index(op.f('ix'), table_name='item', "
        f"{backend}_where=sa.text(\"name LIKE 'a%'\"))",
        "    op.create_index('ix', 'item', [sa.literal_column('lower(name)'), 'qty'], "
        "unique=False)",
    ]


OTHERS = """
t = table("t", key(), Column("n", Integer), Column("s", String(20)))
for name, columns in {"ix_a": ("n",), "ix_b": ("n", "s")}.items():
    for dialect in ("sqlite", "postgresql", "mysql", "mariadb"):
        if (name, dialect) not in LEFT_OUT:
            Index(name, *(t.c[c] for c in columns)).ddl_if(dialect=dialect)
"""
ONLY_ELSEWHERE = """[("ix_a", "sqlite"), ("ix_b", "postgresql"), ("ix_b", "mysql"),
    ("ix_b", "mariadb")]"""


def test_an_index_for_other_databases_is_not_missing(tmp_path: Path, database_url: str) -> None:
    project = ProjectFolder(tmp_path / "project", database_url)
    here, there = ("ix_b", "ix_a") if project.backend == "sqlite" else ("ix_a", "ix_b")
    project.begin(f"LEFT_OUT = {ONLY_ELSEWHERE}\n{OTHERS}")
    names = {index["name"] for index in sa.inspect(project.engine).get_indexes("t")}
    assert names == {here}, there
    assert there not in project.newest()
    assert project.manage("makemigrations", "--check").code == 0
    # One name, and an index for each database.
    project.models(f"LEFT_OUT = []\n{OTHERS}")
    project.done("makemigrations")
    project.done("migrate")
    names = {index["name"] for index in sa.inspect(project.engine).get_indexes("t")}
    assert names == {"ix_a", "ix_b"}
    assert project.manage("makemigrations", "--check").code == 0
    project.done("rollback")
    project.done("migrate")

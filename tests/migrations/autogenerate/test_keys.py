"""Primary keys replaced, with rows, AUTO_INCREMENT, and foreign keys that refer to them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from support.comparing import Database, there_and_back

import sqlalchemy_manage.migrations.autogenerate.keys

assert sqlalchemy_manage.migrations.autogenerate.keys

Items = Callable[[], list[Any]]
ROWS = "INSERT INTO item (id, code, n) VALUES (1, 10, 5), (2, 20, 6)"


def item(items: Items, schema: str | None = None) -> sa.MetaData:
    metadata = sa.MetaData(schema=schema)
    for table in _tables(items()):
        name, *rest = table
        sa.Table(name, metadata, *rest)
    return metadata


def _tables(items: list[Any]) -> list[tuple[Any, ...]]:
    mine = [i for i in items if not isinstance(i, tuple)]
    return [("item", *mine), *(i for i in items if isinstance(i, tuple))]


def column(name: str, **kw: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, **kw)


def key(*columns: str, name: str | None = None, loose: bool = False) -> Items:
    return lambda: [
        *(column(c, nullable=loose and c not in columns) for c in ("id", "code")),
        column("n"),
        *([sa.PrimaryKeyConstraint(*columns, name=name)] if columns else []),
    ]


CHANGES: dict[str, tuple[Items, Items]] = {
    "a column more": (key("id"), key("id", "code")),
    "a column less": (key("id", "code"), key("id")),
    "another column": (key("id"), key("code")),
    "another column, the old one nullable": (key("id"), key("code", loose=True)),
    "another order": (key("id", "code"), key("code", "id")),
    "named": (key("id", "code", name="pk_a"), key("code", name="pk_b")),
    "none": (key("id", "code"), key()),
    "of none": (key(), key("id", "code")),
    "no counting before": (
        lambda: [column("id", primary_key=True, autoincrement=False), column("code"), column("n")],
        lambda: [column("id"), column("code", primary_key=True), column("n")],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change(change: str, engine: sa.Engine) -> None:
    old, new = CHANGES[change]
    database = Database(engine)
    database.create(item(old))
    database.execute(ROWS)
    found = there_and_back(database, item(old), item(new))
    kinds = [type(op).__name__ for op in found]
    assert kinds.count("ReplacePrimaryKeyOp") == 1
    assert {"ReplacePrimaryKeyOp", "AlterColumnOp"} >= set(kinds)
    assert database.rows("SELECT id, code, n FROM item ORDER BY id") == [(1, 10, 5), (2, 20, 6)]


def test_it_is_in_force(engine: sa.Engine) -> None:
    database = Database(engine)
    database.create(item(key("id")))
    database.execute(ROWS)
    database.compare(item(key("code")))
    database.run(database.code[0])
    database.execute("INSERT INTO item (id, code) VALUES (1, 30)")
    with pytest.raises(sa.exc.DBAPIError):
        database.execute("INSERT INTO item (id, code) VALUES (3, 30)")


def test_a_name_alone(engine: sa.Engine, backend: str) -> None:
    old, new = key("id", "code", name="pk_a"), key("id", "code", name="pk_b")
    database = Database(engine)
    database.create(item(old))
    database.execute(ROWS)
    found = there_and_back(database, item(old), item(new))
    # Of MariaDB's keys none has a name.
    assert len(found) == (0 if backend == "mariadb" else 1)
    if found:
        assert found[0].describe().words == "primary key of item: pk_a renamed to pk_b"
    if backend == "postgresql":
        database.compare(item(new))
        sent: list[str] = []
        sa.event.listen(engine, "before_cursor_execute", lambda c, cu, s, *a: sent.append(s))
        database.run(database.code[0])
        assert [s for s in sent if s.startswith("ALTER")] == [
            "ALTER TABLE item RENAME CONSTRAINT pk_a TO pk_b"
        ]


def test_the_other_columns_come_and_go(engine: sa.Engine) -> None:
    def old() -> list[Any]:
        return [column("id", primary_key=True), column("code", nullable=False), column("n")]

    def new() -> list[Any]:
        return [
            column("code", primary_key=True, autoincrement=False),
            column("place", primary_key=True, server_default="3", autoincrement=False),
            column("n"),
        ]

    database = Database(engine)
    database.create(item(old))
    database.execute(ROWS)
    found = [type(op).__name__ for op in database.operations(item(new))]
    assert found == ["AddColumnOp", "ReplacePrimaryKeyOp", "DropColumnOp"]
    database.run(database.code[0])
    assert database.operations(item(new)) == [], database.code[0]
    assert database.rows("SELECT code, place, n FROM item ORDER BY code") == [
        (10, 3, 5),
        (20, 3, 6),
    ]


def child(**kw: Any) -> tuple[Any, ...]:
    reference = sa.ForeignKey("item.id", name="fk_child", ondelete="CASCADE", **kw)
    return ("child", column("id", primary_key=True), sa.Column("item_id", sa.Integer, reference))


def itself() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["n"], ["item.id"], name="fk_itself")


def test_foreign_keys_make_way_and_come_back(engine: sa.Engine) -> None:
    def old() -> list[Any]:
        return [
            column("id", primary_key=True),
            column("code", nullable=False),
            column("n"),
            child(),
        ]

    def new() -> list[Any]:
        return [
            *(column(c, primary_key=True) for c in ("id", "code")),
            *(column("n"), sa.UniqueConstraint("id", name="uq_id"), child()),
        ]

    database = Database(engine)
    database.create(item(old))
    database.execute(ROWS, "INSERT INTO child (id, item_id) VALUES (1, 1), (2, 2)")
    found = there_and_back(database, item(old), item(new))
    assert [type(op).__name__ for op in found] == [
        "DropConstraintOp",
        "CreateUniqueConstraintOp",
        "ReplacePrimaryKeyOp",
        "CreateForeignKeyOp",
    ]
    assert database.rows("SELECT id, item_id FROM child ORDER BY id") == [(1, 1), (2, 2)]


def test_one_that_the_table_has_to_itself(engine: sa.Engine) -> None:
    def old() -> list[Any]:
        return [
            column("id", primary_key=True),
            column("code", nullable=False),
            column("n"),
            itself(),
        ]

    def new() -> list[Any]:
        return [
            *(column(c, primary_key=True) for c in ("id", "code")),
            *(column("n"), sa.UniqueConstraint("id", name="uq_id"), itself()),
        ]

    database = Database(engine)
    database.create(item(old))
    database.execute("INSERT INTO item (id, code, n) VALUES (1, 10, 1), (2, 20, 1)")
    found = there_and_back(database, item(old), item(new))
    assert "ReplacePrimaryKeyOp" in [type(op).__name__ for op in found]


def test_one_that_refers_to_the_new_key_comes_after_it(engine: sa.Engine, backend: str) -> None:
    def models(target: str) -> Items:
        def make() -> list[Any]:
            keys = {c: {"primary_key": c == target} for c in ("id", "code")}
            columns = [column(c, nullable=False, **kw) for c, kw in keys.items()]
            reference = sa.ForeignKeyConstraint(["item_id"], [f"item.{target}"], name="fk_child")
            # Of a name before "item": its operations come first.
            return [
                *columns,
                column("n"),
                ("child", column("id", primary_key=True), column("item_id"), reference),
            ]

        return make

    old, new = models("id"), models("code")
    database = Database(engine)
    database.create(item(old))
    database.execute(ROWS)
    found = there_and_back(database, item(old), item(new))
    assert [type(op).__name__ for op in found] == [
        "DropConstraintOp",
        "ReplacePrimaryKeyOp",
        "CreateForeignKeyOp",
    ]


@pytest.mark.parametrize("backend", ["mariadb"])
def test_auto_increment_goes_with_the_key(engine: sa.Engine) -> None:
    database = Database(engine)
    database.create(item(key("id")))
    database.execute(ROWS)
    database.compare(item(key("code")))
    there, back = database.code
    database.run(there)
    assert _counted(database) == ["code"]
    database.execute("INSERT INTO item (id) VALUES (9)")
    database.run(back)
    assert _counted(database) == ["id"]
    database.execute("INSERT INTO item (code) VALUES (50)")
    rows = database.rows("SELECT id, code FROM item ORDER BY id")
    assert rows[:3] == [(1, 10), (2, 20), (9, 21)]
    assert rows[3][0] > 9 and rows[3][1] == 50


def _counted(database: Database) -> list[str]:
    return [
        row[0]
        for row in database.rows(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND extra = 'auto_increment'"
        )
    ]


@pytest.mark.parametrize("backend", ["postgresql"])
def test_in_another_schema(engine: sa.Engine) -> None:
    database = Database(engine, as_batch=False)
    database.execute("CREATE SCHEMA depot")
    old, new = item(key("id"), "depot"), item(key("id", "code"), "depot")
    database.create(old)
    there_and_back(database, old, new)
    database.compare(new)
    assert "schema='depot'" in database.code[0]


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        (
            "postgresql",
            "ALTER TABLE item DROP CONSTRAINT IF EXISTS item_pkey, "
            'ADD CONSTRAINT pk PRIMARY KEY (a, "order");',
        ),
        (
            "mariadb",
            "ALTER TABLE item DROP PRIMARY KEY, ADD CONSTRAINT pk PRIMARY KEY (a, `order`);",
        ),
    ],
)
def test_as_sql(dialect: str, sql: str) -> None:
    output = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": output}
    )
    op: Any = Operations(context)
    op.replace_primary_key("item", ["a", "order"], old=["a"], name="pk", autoincrement="a")
    assert output.getvalue().strip() == sql

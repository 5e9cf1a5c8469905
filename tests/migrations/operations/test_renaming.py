"""The renames as operations: run on each database, reversed, written, shown as SQL."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import render_python_code
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext

from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.autogenerate import plugins
from sqlalchemy_manage.migrations.operations.renaming import (
    RenameColumnOp,
    RenameConstraintOp,
    RenameIndexOp,
    RenameTableOp,
)

RENAMES: list[Any] = [
    RenameColumnOp("t", "a", "b"),
    RenameTableOp("t", "u"),
    RenameIndexOp("t", "x", "y"),
    RenameConstraintOp("t", "x", "y", type_="unique"),
]


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
        yield connection


@pytest.fixture
def op(connection: sa.Connection) -> Operations:
    return Operations(MigrationContext.configure(connection))


def made(connection: sa.Connection, *items: Any, **kw: Any) -> sa.Table:
    """A table ``t`` with an ``id``, integers ``a`` and ``c``, and ``items``."""
    metadata = sa.MetaData()
    columns = [sa.Column(name, sa.Integer) for name in ("a", "c")]
    key = sa.Column("id", sa.Integer, primary_key=True)
    table = sa.Table("t", metadata, key, *columns, *items, **kw)
    metadata.create_all(connection)
    return table


def names(connection: sa.Connection, kind: str, table: str = "t") -> list[str]:
    return sorted(item["name"] for item in getattr(sa.inspect(connection), f"get_{kind}")(table))


def test_a_column_and_back(op: Operations, connection: sa.Connection) -> None:
    made(connection)
    op.rename_column("t", "a", "order")  # type: ignore[attr-defined]
    assert names(connection, "columns") == ["c", "id", "order"]
    op.invoke(RenameColumnOp("t", "a", "order").reverse())
    assert names(connection, "columns") == ["a", "c", "id"]


def test_a_table_takes_the_foreign_keys_of_others_along(
    op: Operations, connection: sa.Connection
) -> None:
    table = made(connection)
    child = sa.Table("child", table.metadata, sa.Column("t_id", sa.ForeignKey("t.id")))
    child.create(connection)
    op.rename_table("t", "u")
    (key,) = sa.inspect(connection).get_foreign_keys("child")
    assert key["referred_table"] == "u"
    if connection.dialect.name == "sqlite":
        # As the runner has set it, for the rebuilds that come after.
        assert connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == 1


def described(indexes: list[Any]) -> list[Any]:
    """All that reflection tells but the names; a text() has no equality of its own."""
    return [
        {
            k: {name: str(option) for name, option in v.items()} if k == "dialect_options" else v
            for k, v in index.items()
            if k != "name"
        }
        for index in indexes
    ]


def test_an_index_with_all_that_it_has(op: Operations, connection: sa.Connection) -> None:
    table = made(connection)
    where = {"postgresql_where": sa.text("a > 0"), "sqlite_where": sa.text("a > 0")}
    sa.Index("x", table.c.a, table.c.c.desc(), unique=True, **where).create(connection)
    before = sa.inspect(connection).get_indexes("t")
    op.rename_index("t", "x", 'y "50%" :z')  # type: ignore[attr-defined]
    after = sa.inspect(connection).get_indexes("t")
    assert [index["name"] for index in after] == ['y "50%" :z']
    assert described(after) == described(before)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX x ON t (a)",
        "create unique index if not exists [x] on t(a)",
        "CREATE INDEX \"x\" ON t(a) WHERE c = ':b'",
        "CREATE INDEX\n  `x`\nON t (a DESC)",
    ],
)
def test_on_sqlite_an_index_is_made_as_it_was_written(sql: str) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        made(connection)
        connection.exec_driver_sql(sql)
        Operations(MigrationContext.configure(connection)).invoke(RenameIndexOp("t", "x", "y"))
        (stored,) = connection.scalars(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'index'")
        ).all()
    head, _, rest = sql.partition("x]" if "[x]" in sql else "x")
    assert stored.lower().startswith("create")
    assert stored.endswith(rest.lstrip('"`]'))
    assert ("unique" in head.lower()) == ("UNIQUE" in stored)


@pytest.mark.parametrize(
    ("item", "type_", "kind"),
    [
        (lambda: sa.UniqueConstraint("a", "c", name="x"), "unique", "unique_constraints"),
        (lambda: sa.CheckConstraint("a > 0 AND c <> 5", name="x"), "check", "check_constraints"),
        (
            lambda: sa.ForeignKeyConstraint(["a"], ["t.id"], name="x", ondelete="CASCADE"),
            "foreignkey",
            "foreign_keys",
        ),
    ],
)
def test_a_constraint(
    op: Operations, connection: sa.Connection, item: Callable[[], Any], type_: str, kind: str
) -> None:
    made(connection, item())
    (before,) = getattr(sa.inspect(connection), f"get_{kind}")("t")
    connection.execute(sa.text("INSERT INTO t (id, a, c) VALUES (1, 1, 1)"))
    rename = RenameConstraintOp("t", "x", "y", type_=type_)
    op.invoke(rename)
    (after,) = getattr(sa.inspect(connection), f"get_{kind}")("t")
    assert after["name"] == "y"
    assert {**after, "name": "x"} | {"duplicates_index": 0} == before | {"duplicates_index": 0}
    op.invoke(rename.reverse())
    assert names(connection, kind) == ["x"]
    assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 1


def test_a_constraint_that_is_not_there() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        made(connection)
        op = Operations(MigrationContext.configure(connection))
        with pytest.raises(MigrationError, match="no constraint x to rename"):
            op.invoke(RenameConstraintOp("t", "x", "y", type_="unique"))
        with pytest.raises(MigrationError, match="no index x to rename"):
            op.invoke(RenameIndexOp("t", "x", "y"))


@pytest.mark.parametrize("rename", RENAMES, ids=lambda rename: type(rename).__name__)
def test_the_reverse_of_the_reverse(rename: Any) -> None:
    back = rename.reverse()
    assert back.to_diff_tuple() != rename.to_diff_tuple()
    assert back.reverse().to_diff_tuple() == rename.to_diff_tuple()


def test_as_written() -> None:
    context = MigrationContext.configure(dialect_name="sqlite")
    upgrade = ops.UpgradeOps([*RENAMES, RenameColumnOp("t", "it's", "b", schema="s")])
    assert render_python_code(upgrade, migration_context=context).split("\n")[1:-1] == [
        "    op.rename_column('t', 'a', 'b')",
        "    op.rename_table('t', 'u')",
        "    op.rename_index('t', 'x', 'y')",
        "    op.rename_constraint('t', 'x', 'y', type_='unique')",
        "    op.rename_column('t', \"it's\", 'b', schema='s')",
    ]


def test_in_words() -> None:
    assert [(r.describe().words, r.describe().slug) for r in RENAMES] == [
        ("rename column t.a to b", "rename_a_t_b"),
        ("rename table t to u", "rename_t_u"),
        ("rename index x of t to y", "rename_x_y"),
        ("rename constraint x of t to y", "rename_x_y"),
    ]


def shown(dialect: str, operation: Any) -> str:
    buffer = io.StringIO()
    options = {"as_sql": True, "output_buffer": buffer}
    context = MigrationContext.configure(dialect_name=dialect, opts=options)
    Operations(context).invoke(operation)
    return buffer.getvalue().strip()


@pytest.mark.parametrize(
    ("dialect", "statements"),
    [
        (
            "postgresql",
            [
                "ALTER TABLE t RENAME COLUMN a TO b;",
                "ALTER TABLE t RENAME TO u;",
                "ALTER INDEX x RENAME TO y;",
                "ALTER TABLE t RENAME CONSTRAINT x TO y;",
            ],
        ),
        (
            "mysql",
            [
                "ALTER TABLE t RENAME COLUMN a TO b;",
                "ALTER TABLE t RENAME TO u;",
                "ALTER TABLE t RENAME INDEX x TO y;",
                "ALTER TABLE t RENAME INDEX x TO y;",
            ],
        ),
        (
            "sqlite",
            ["ALTER TABLE t RENAME COLUMN a TO b;", "ALTER TABLE t RENAME TO u;"],
        ),
    ],
)
def test_without_a_database(dialect: str, statements: list[str]) -> None:
    for rename, statement in zip(RENAMES, statements, strict=False):
        assert shown(dialect, rename) == statement


@pytest.mark.parametrize("rename", RENAMES[2:], ids=lambda rename: type(rename).__name__)
def test_what_sqlite_has_to_read_cannot_be_shown(rename: Any) -> None:
    with pytest.raises(MigrationError, match="cannot be shown as SQL without a database"):
        shown("sqlite", rename)


def test_a_name_by_convention_is_cut_as_when_it_was_created(
    engine: sa.Engine, connection: sa.Connection, op: Operations
) -> None:
    long = "ix_" + "n" * 70
    table = made(connection)
    sa.Index(sa.sql.naming.conv(long), table.c.a).create(connection)
    before = names(connection, "indexes")
    op.invoke(RenameIndexOp("t", long, "short"))
    assert names(connection, "indexes") == ["short"]
    op.invoke(RenameIndexOp("t", "short", long))
    assert names(connection, "indexes") == before


def test_a_rebuild_keeps_the_triggers_of_the_table() -> None:
    assert plugins  # registers the implementation
    engine = sa.create_engine("sqlite://")
    trigger = "CREATE TRIGGER w AFTER INSERT ON t BEGIN UPDATE t SET c = 9 WHERE id = NEW.id; END"
    with engine.connect() as connection:
        made(connection)
        connection.exec_driver_sql(trigger)
        with Operations(MigrationContext.configure(connection)).batch_alter_table("t") as batch:
            batch.alter_column("a", type_=sa.Text())
        connection.exec_driver_sql("INSERT INTO t (id) VALUES (1)")
        assert connection.exec_driver_sql("SELECT c FROM t").scalar() == 9
        found = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
        assert found.scalars().all() == [trigger]

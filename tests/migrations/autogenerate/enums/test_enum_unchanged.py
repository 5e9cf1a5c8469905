"""Models that did not change: an empty comparison, whatever the Enum looks like."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from support.enum_revisions import Tool

ODD = ("it's", "b, c", "(p)", "ä€", "back\\slash", 'dq"x', "per%cent", "co:lon", "", "trailing ")


class Kind(enum.Enum):
    FIRST = "the first"
    SECOND = "it's, second"
    ALIAS = "the first"


class Decorated(sa.TypeDecorator[str]):
    impl = sa.Enum
    cache_ok = True

    def __init__(self) -> None:
        super().__init__("a", "b", name="decorated")


def stored(kind: type[enum.Enum]) -> list[str]:
    return [member.value for member in kind]


COLUMNS: dict[str, Callable[[], Any]] = {
    "strings": lambda: sa.Enum("a", "b", name="kind"),
    "odd": lambda: sa.Enum(*ODD, name="kind"),
    "a class": lambda: sa.Enum(Kind),
    "values of a class": lambda: sa.Enum(Kind, values_callable=stored, name="kind"),
    "checked": lambda: sa.Enum("a", "b", name="kind", create_constraint=True),
    "checked odd": lambda: sa.Enum(*ODD, name="kind", native_enum=False, create_constraint=True),
    "checked, no name": lambda: sa.Enum("a", "b", native_enum=False, create_constraint=True),
    "checked, one": lambda: sa.Enum("a", native_enum=False, create_constraint=True),
    "text": lambda: sa.Enum("a", "b", native_enum=False),
    "longer text": lambda: sa.Enum("a", "b", native_enum=False, length=50),
    "a default": lambda: sa.Column("kind", sa.Enum("a", "b", name="kind"), server_default="a"),
    "an odd default": lambda: sa.Column("kind", sa.Enum(*ODD, name="kind"), server_default="it's"),
    "an expression as default": lambda: sa.Column(
        "kind", sa.Enum("a", "b", name="kind"), server_default=sa.text("'a'")
    ),
    "decorated": Decorated,
    "a variant": lambda: sa.String(20).with_variant(sa.Enum("a", name="kind"), "postgresql"),
    "of MariaDB": lambda: sa.String(9).with_variant(
        mysql.ENUM("a", "b", charset="latin1", collation="latin1_bin"), "mysql", "mariadb"
    ),
    "a mixed name": lambda: sa.Enum("a", "b", name="Mixed Kind"),
    "boolean": lambda: sa.Boolean(),
    "checked boolean": lambda: sa.Boolean(create_constraint=True),
    "named boolean": lambda: sa.Boolean(create_constraint=True, name="ck_flag"),
}


def models(column: Any, metadata: sa.MetaData | None = None, **kw: Any) -> sa.MetaData:
    metadata = metadata or sa.MetaData()
    made = column if isinstance(column, sa.Column) else sa.Column("kind", column)
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), made, **kw)
    return metadata


@pytest.mark.parametrize("name", COLUMNS)
def test_what_create_all_makes_is_equal(database_url: str, name: str) -> None:
    tool = Tool(database_url)
    tool.create(models(COLUMNS[name]()))
    assert tool.same(models(COLUMNS[name]()))


# How a type of the project's own is written is not decided here.
@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "decorated"])
def test_what_a_revision_makes_is_equal(database_url: str, name: str) -> None:
    tool = Tool(database_url)
    revision = tool.compare(models(COLUMNS[name]()))
    tool.run(revision.upgrade)
    assert tool.same(models(COLUMNS[name]()))
    tool.run(revision.downgrade)
    assert tool.compare(sa.MetaData()).operations == []
    tool.run(revision.upgrade)


@pytest.mark.server
def test_what_only_postgresql_has_is_equal(new_database: Callable[..., str]) -> None:
    tool = Tool(new_database("postgresql"))
    for made in (
        lambda: postgresql.ENUM(*ODD, name="kind"),
        lambda: postgresql.ARRAY(sa.Enum(*ODD, name="kind"), dimensions=2),
        lambda: sa.ARRAY(postgresql.ENUM(*ODD, name="kind")),
    ):
        tool.create(models(made()))
        assert tool.same(models(made()))
        tool.execute("DROP TABLE t", "DROP TYPE kind")
    revision = tool.compare(models(postgresql.ENUM(*ODD, name="kind")))
    tool.run(revision.upgrade)
    assert tool.same(models(postgresql.ENUM(*ODD, name="kind")))
    tool.run(revision.downgrade)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
@pytest.mark.parametrize("schema", [None, "own", "inherit", "metadata", "default"])
def test_schemas_are_equal(
    backend: str, new_database: Callable[..., str], schema: str | None
) -> None:
    url = new_database(backend)
    there = sa.make_url(new_database(backend)).database if backend == "mariadb" else "App"
    tool = Tool(url, schemas=True)
    if backend == "postgresql":
        tool.execute('CREATE SCHEMA "App"')

    def made() -> sa.MetaData:
        metadata = sa.MetaData(schema=there if schema == "metadata" else None)
        options: dict[str, Any] = {
            "own": {"schema": there},
            "inherit": {"inherit_schema": True},
            "default": {"schema": "public"},
        }.get(str(schema), {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 2.1 deprecates inherit_schema
            kind = sa.Enum("a", "b", name="kind", **options)
        column = sa.Column("kind", kind, server_default="a")
        return models(column, metadata, schema=there)

    tool.create(made())
    assert tool.same(made())


def test_an_enum_of_somebody_else_is_left_alone(database_url: str) -> None:
    tool = Tool(database_url)
    foreign = sa.MetaData()
    foreign_table = sa.Table(
        "foreign", foreign, sa.Column("id", sa.Integer), sa.Column("k", sa.Enum("x", name="alien"))
    )
    tool.create(foreign)
    mine = models(sa.Enum("a", "b", name="kind"))
    revision = tool.compare(mine)
    # Only the table is proposed for dropping, and the guard of drops asks about that.
    assert "drop_table('foreign')" in revision.upgrade
    tool.run(revision.upgrade.replace("op.drop_table('foreign')", ""))
    if tool.engine.dialect.name == "postgresql":
        with tool.engine.connect() as connection:
            names = {e["name"] for e in sa.inspect(connection).get_enums()}
        assert names == {"alien", "kind"}
    assert foreign_table is not None


def test_a_comparison_asks_no_query_for_each_enum(database_url: str) -> None:
    tool = Tool(database_url)
    counts = []
    for number in (2, 20):
        metadata = sa.MetaData()
        for n in range(number):
            kind = sa.Enum("a", "b", name=f"kind{n}", create_constraint=True)
            sa.Table(
                f"t{n}",
                metadata,
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("kind", kind, server_default="a"),
            )
        tool.create(metadata)
        seen: list[str] = []

        @sa.event.listens_for(tool.engine, "before_cursor_execute")
        def count(conn: Any, cursor: Any, statement: str, *args: Any, seen: Any = seen) -> None:
            seen.append(statement)

        assert tool.same(metadata)
        sa.event.remove(tool.engine, "before_cursor_execute", count)
        counts.append(len(seen))
    # On the others SQLAlchemy reads table by table.
    if tool.engine.dialect.name == "postgresql":
        assert counts[1] <= counts[0]

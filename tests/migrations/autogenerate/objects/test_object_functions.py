"""Declared functions: another signature, what is built on them, several of one name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import execute, query
from support.object_revisions import Migrations, objects, tables

from sqlalchemy_manage.declare import Function, Trigger, View

pytestmark = pytest.mark.server


@pytest.fixture
def on(tmp_path: Path, new_database: Callable[[str], str]) -> Callable[[str], Migrations]:
    def make(backend: str) -> Migrations:
        engine = sa.create_engine(new_database(backend), poolclass=sa.NullPool)
        return Migrations(tmp_path / "migrations", engine)

    return make


@pytest.fixture
def postgresql(on: Callable[[str], Migrations]) -> Migrations:
    return on("postgresql")


@pytest.fixture
def mariadb(on: Callable[[str], Migrations]) -> Migrations:
    return on("mariadb")


def sized(signature: str, body: str, language: str = "sql") -> sa.MetaData:
    """A function and a view that calls it."""
    metadata = tables()
    Function(
        "size",
        metadata,
        postgresql=f"CREATE FUNCTION size({signature} LANGUAGE {language} IMMUTABLE AS '{body}'",
    )
    View("sizes", metadata, postgresql="CREATE VIEW sizes AS SELECT id, size(text) AS n FROM note")
    return metadata


def test_another_signature(postgresql: Migrations) -> None:
    """The view on it is dropped before and created after, unchanged."""
    engine = postgresql.engines[0]
    old = sized("value varchar) RETURNS integer", "SELECT length(value)")
    postgresql.run(postgresql.make(old))
    execute(engine, "INSERT INTO note VALUES (1, 'abc')")
    assert query(engine, "SELECT n FROM sizes") == [(3,)]
    before = objects(engine, "size", "sizes")
    new = sized("value varchar, more integer DEFAULT 2) RETURNS bigint", "SELECT more::bigint")
    path = postgresql.make(new)
    postgresql.run(path)
    assert query(engine, "SELECT n FROM sizes") == [(2,)]
    assert postgresql.operations(new) == []
    assert len(objects(engine, "size")) == 1
    postgresql.run(path, "downgrade")
    assert query(engine, "SELECT n FROM sizes") == [(3,)]
    assert objects(engine, "size", "sizes") == before
    postgresql.run(path)


def test_a_body_is_replaced_in_place(postgresql: Migrations) -> None:
    """What others built on the function stays."""
    engine = postgresql.engines[0]
    postgresql.run(postgresql.make(sized("value varchar) RETURNS integer", "SELECT 1")))
    execute(
        engine,
        "INSERT INTO note VALUES (1, 'abc')",
        "CREATE VIEW foreign_view AS SELECT size(text) AS n FROM note",
    )
    # int and integer are one type: only the server knows.
    new = sized("value character varying) RETURNS int", "SELECT 4")
    path = postgresql.make(new)
    assert "op.replace_function(" in path.read_text()
    assert "op.drop" not in path.read_text()
    postgresql.run(path)
    assert query(engine, "SELECT n FROM foreign_view") == [(4,)]
    assert postgresql.operations(new) == []
    same = sized('"value" varchar) RETURNS int4', "  SELECT   4 -- four\n")
    assert postgresql.operations(same) == []


def test_one_of_several_of_the_name(postgresql: Migrations) -> None:
    engine = postgresql.engines[0]
    execute(
        engine,
        "CREATE FUNCTION size(value integer) RETURNS integer LANGUAGE sql AS 'SELECT 10'",
        "CREATE FUNCTION size(value date) RETURNS integer LANGUAGE sql AS 'SELECT 11'",
    )
    foreign = objects(engine, "size")
    first = postgresql.make(sized("value varchar) RETURNS integer", "SELECT 1"))
    postgresql.run(first)
    assert [d for d in objects(engine, "size") if d in foreign] == foreign
    assert len(objects(engine, "size")) == 3
    before = objects(engine, "size")
    for new in (
        sized("value varchar) RETURNS integer", "SELECT 2"),
        sized("value varchar) RETURNS smallint", "SELECT 2::smallint"),
        sized("value varchar, more integer DEFAULT 1) RETURNS integer", "SELECT 1"),
    ):
        path = postgresql.make(new)
        postgresql.run(path)
        assert postgresql.operations(new) == []
        assert len(objects(engine, "size")) == 3
        postgresql.run(path, "downgrade")
        assert objects(engine, "size") == before
        postgresql.run(path)
        postgresql.run(path, "downgrade")
        path.unlink()
    last = postgresql.make(tables())
    postgresql.run(last)
    assert objects(engine, "size") == foreign
    postgresql.run(last, "downgrade")
    assert objects(engine, "size") == before


def test_a_function_that_reads_a_column_which_goes(postgresql: Migrations) -> None:
    """PostgreSQL looks up the columns of a function in SQL when it is created."""
    engine = postgresql.engines[0]

    def declare(column: str) -> sa.MetaData:
        metadata = sa.MetaData()
        sa.Table(
            "note",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column(column, sa.Text),
        )
        Function(
            "longest",
            metadata,
            postgresql="CREATE FUNCTION longest() RETURNS integer LANGUAGE sql AS "
            f"$f$ SELECT max(length({column})) FROM note $f$",
        )
        return metadata

    postgresql.run(postgresql.make(declare("text")))
    before = objects(engine, "longest")
    path = postgresql.make(declare("body"))
    postgresql.run(path)
    execute(engine, "INSERT INTO note VALUES (1, 'abc')")
    assert query(engine, "SELECT longest()") == [(3,)]
    postgresql.run(path, "downgrade")
    assert objects(engine, "longest") == before
    postgresql.run(path)


def test_a_function_that_a_default_calls_comes_before_the_table(postgresql: Migrations) -> None:
    def declare() -> sa.MetaData:
        metadata = sa.MetaData()
        default = sa.text("next_number()")
        sa.Table("bill", metadata, sa.Column("id", sa.Integer, server_default=default))
        Function(
            "next_number",
            metadata,
            postgresql="CREATE FUNCTION next_number() RETURNS integer LANGUAGE sql AS 'SELECT 7'",
        )
        return metadata

    engine = postgresql.engines[0]
    path = postgresql.make(declare())
    postgresql.run(path)
    execute(engine, "INSERT INTO bill DEFAULT VALUES")
    assert query(engine, "SELECT id FROM bill") == [(7,)]
    assert postgresql.operations(declare()) == []
    postgresql.run(path, "downgrade")
    assert objects(engine, "next_number") == []
    postgresql.run(path)
    last = postgresql.make(sa.MetaData())
    postgresql.run(last)
    assert objects(engine, "next_number") == []
    postgresql.run(last, "downgrade")
    execute(engine, "INSERT INTO bill DEFAULT VALUES")


def test_the_body_of_another_language_is_taken_as_it_is(postgresql: Migrations) -> None:
    from sqlalchemy_manage.sql.normalize import normal

    def python(body: str) -> str:
        text = f"CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$\n{body}\n$$"
        return normal(text, "postgresql")

    assert python("if a:\n    b") != python("if a:\n  b")
    assert python("  if a:\n      b") == python("if a:\n    b")


def test_one_trigger_name_on_two_tables(postgresql: Migrations) -> None:
    engine = postgresql.engines[0]

    def declare(bound: int) -> sa.MetaData:
        metadata = tables()
        sa.Table("other", metadata, sa.Column("id", sa.Integer))
        Function(
            "nothing",
            metadata,
            postgresql="CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NULL; END $$",
        )
        for table, limit in (("note", 3), ("other", bound)):
            Trigger(
                "nothing",
                metadata,
                table=table,
                postgresql=f"CREATE TRIGGER nothing BEFORE INSERT OR UPDATE OF id ON {table} "
                f"FOR EACH ROW WHEN (NEW.id > {limit}) EXECUTE FUNCTION nothing()",
            )
        return metadata

    postgresql.run(postgresql.make(declare(3)))
    assert postgresql.operations(declare(3)) == []
    before = objects(engine, "nothing")
    assert [op[:4] for op in postgresql.operations(declare(5))] == [
        ("replace_trigger", None, "other", "nothing")
    ]
    path = postgresql.make(declare(5))
    postgresql.run(path)
    execute(engine, "INSERT INTO note VALUES (4, 'a')", "INSERT INTO other VALUES (4), (6)")
    assert query(engine, "SELECT id FROM note UNION ALL SELECT id FROM other") == [(4,)]
    assert postgresql.operations(declare(5)) == []
    postgresql.run(path, "downgrade")
    assert objects(engine, "nothing") == before


def test_functions_of_mariadb(mariadb: Migrations) -> None:
    def declare(body: str, returns: str = "VARCHAR(30)") -> sa.MetaData:
        metadata = tables()
        Function(
            "shout",
            metadata,
            mysql=f"""
                CREATE FUNCTION shout(value VARCHAR(20), times INT) RETURNS {returns}
                DETERMINISTIC COMMENT 'it''s loud'
                BEGIN
                    {body}
                    RETURN concat(value, repeat('!', times));
                END
            """,
        )
        return metadata

    engine = mariadb.engines[0]
    mariadb.run(mariadb.make(declare("")))
    assert mariadb.operations(declare("")) == []
    assert mariadb.operations(declare("# no more than that;")) == []
    before = objects(engine, "shout")
    path = mariadb.make(declare("SET times = times + 1;", "VARCHAR(50)"))
    mariadb.run(path)
    assert query(engine, "SELECT shout('a', 2)") == [("a!!!",)]
    mariadb.run(path, "downgrade")
    assert query(engine, "SELECT shout('a', 2)") == [("a!!",)]
    assert objects(engine, "shout") == before
    # Nothing is left of the copies that this process made to compare.
    copies = f"scratch_{os.getpid()}_"
    assert [r for r in query(engine, "SHOW DATABASES") if str(r[0]).startswith(copies)] == []


def test_triggers_of_mariadb_keep_their_order(mariadb: Migrations) -> None:
    def declare(first: str) -> sa.MetaData:
        metadata = tables()
        for name, mark in (("a_mark", first), ("b_mark", "b")):
            Trigger(
                name,
                metadata,
                table="note",
                mysql=f"CREATE TRIGGER {name} BEFORE INSERT ON note FOR EACH ROW "
                f"SET NEW.text = concat(NEW.text, '{mark}')",
            )
        return metadata

    engine = mariadb.engines[0]
    mariadb.run(mariadb.make(declare("a")))
    before = objects(engine, "a_mark", "b_mark")
    assert "FOLLOWS a_mark" in before[1].statement
    last = mariadb.make(tables())
    mariadb.run(last)
    mariadb.run(last, "downgrade")
    execute(engine, "INSERT INTO note VALUES (1, '')")
    assert query(engine, "SELECT text FROM note") == [("ab",)]
    assert objects(engine, "a_mark", "b_mark") == before
    assert mariadb.operations(declare("a")) == []

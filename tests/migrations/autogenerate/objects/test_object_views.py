"""Declared views: what a database makes of them, and tables changed under them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import execute, query
from support.object_revisions import Migrations, key, objects, tables

from sqlalchemy_manage.declare import Function, Trigger, View


@pytest.fixture
def migrations(tmp_path: Path, engine: sa.Engine) -> Migrations:
    return Migrations(tmp_path / "migrations", engine)


def viewed(*, bound: int = 5, more: tuple[str, ...] = (), length: int = 50) -> sa.MetaData:
    """Two views, of which one reads the other."""
    metadata = sa.MetaData()
    note = sa.Table(
        "note",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.String(length)),
        *(sa.Column(name, sa.Integer) for name in more),
    )
    # By name the second comes first, so that names alone do not give the order.
    View("b_short", metadata, sa.select(*note.c).where(note.c.id < bound, note.c.text != "50%"))
    View("a_loud", metadata, "SELECT id, upper(text) AS loud FROM b_short")
    return metadata


def filled(migrations: Migrations, metadata: sa.MetaData) -> Path:
    path = migrations.make(metadata)
    migrations.run(path)
    execute(migrations.engines[0], "INSERT INTO note (id, text) VALUES (1, 'a'), (7, 'b')")
    return path


def test_from_nothing_to_a_changed_view_and_back(migrations: Migrations, engine: sa.Engine) -> None:
    filled(migrations, viewed())
    assert migrations.operations(viewed()) == []
    assert query(engine, "SELECT id, loud FROM a_loud") == [(1, "A")]
    before = objects(engine, "b_short", "a_loud")

    path = migrations.make(viewed(bound=9))
    migrations.run(path)
    assert query(engine, "SELECT id, loud FROM a_loud ORDER BY id") == [(1, "A"), (7, "B")]
    assert migrations.operations(viewed(bound=9)) == []
    migrations.run(path, "downgrade")
    assert objects(engine, "b_short", "a_loud") == before
    assert query(engine, "SELECT id, loud FROM a_loud") == [(1, "A")]
    migrations.run(path)
    # Nobody declares them any more.
    last = migrations.make(tables())
    after = objects(engine, "b_short", "a_loud")
    migrations.run(last)
    assert objects(engine, "b_short", "a_loud") == []
    migrations.run(last, "downgrade")
    assert objects(engine, "b_short", "a_loud") == after


def test_a_new_column_of_the_table_and_of_the_view(
    migrations: Migrations, engine: sa.Engine
) -> None:
    filled(migrations, viewed())
    before = objects(engine, "b_short", "a_loud")
    path = migrations.make(viewed(more=("size",)))
    migrations.run(path)
    assert query(engine, "SELECT * FROM b_short") == [(1, "a", None)]
    assert query(engine, "SELECT * FROM a_loud") == [(1, "A")]
    assert migrations.operations(viewed(more=("size",))) == []
    migrations.run(path, "downgrade")
    assert query(engine, "SELECT * FROM b_short") == [(1, "a")]
    assert objects(engine, "b_short", "a_loud") == before


def test_columns_that_go_and_change_under_a_view(migrations: Migrations, engine: sa.Engine) -> None:
    """PostgreSQL lets neither happen while a view reads the column."""
    filled(migrations, viewed(more=("size",)))
    before = objects(engine, "b_short", "a_loud")
    path = migrations.make(viewed(length=80))
    migrations.run(path)
    assert query(engine, "SELECT * FROM b_short") == [(1, "a")]
    assert query(engine, "SELECT * FROM a_loud") == [(1, "A")]
    assert migrations.operations(viewed(length=80)) == []
    migrations.run(path, "downgrade")
    assert query(engine, "SELECT * FROM b_short") == [(1, "a", None)]
    assert objects(engine, "b_short", "a_loud") == before


def test_the_text_of_a_view_may_be_written_otherwise(migrations: Migrations, backend: str) -> None:
    """What the server makes of both is the same."""
    migrations.run(migrations.make(viewed()))
    metadata = tables()
    View("b_short", metadata, "select id,\n text from note\nwhere ID < 5 AND text <> '50%'")
    View("a_loud", metadata, "SELECT b_short.id, UPPER(b_short.text) AS loud FROM b_short;")
    changed = {database for op in migrations.operations(metadata) for database in op[-1]}
    # Of the databases that are not there only the text is known, and SQLite keeps it.
    assert changed == {"sqlite", "postgresql", "mysql"} - ({key(backend)} - {"sqlite"})


def test_a_view_with_a_trigger_of_its_own(
    migrations: Migrations, engine: sa.Engine, backend: str
) -> None:
    if backend == "mariadb":
        pytest.skip("MariaDB has no triggers on views")

    def declare(bound: int) -> sa.MetaData:
        metadata = viewed(bound=bound)
        Function(
            "keep",
            metadata,
            postgresql="CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN INSERT INTO note VALUES (NEW.id, NEW.loud); RETURN NEW; END'",
        )
        Trigger(
            "keep",
            metadata,
            table="a_loud",
            sqlite="CREATE TRIGGER keep INSTEAD OF INSERT ON a_loud BEGIN "
            "INSERT INTO note VALUES (NEW.id, NEW.loud); END",
            postgresql="CREATE TRIGGER keep INSTEAD OF INSERT ON a_loud FOR EACH ROW "
            "EXECUTE FUNCTION keep()",
        )
        return metadata

    filled(migrations, declare(5))
    assert migrations.operations(declare(5)) == []
    path = migrations.make(declare(8))
    migrations.run(path)
    execute(engine, "INSERT INTO a_loud (id, loud) VALUES (4, 'x')")
    assert query(engine, "SELECT id FROM b_short ORDER BY id") == [(1,), (4,), (7,)]
    migrations.run(path, "downgrade")
    execute(engine, "INSERT INTO a_loud (id, loud) VALUES (2, 'x')")
    assert query(engine, "SELECT id FROM b_short ORDER BY id") == [(1,), (2,), (4,)]


@pytest.mark.skipif(not hasattr(sa, "CreateView"), reason="CreateView came with SQLAlchemy 2.1")
def test_a_view_of_sqlalchemy_itself(migrations: Migrations, engine: sa.Engine) -> None:
    def native(bound: int) -> sa.MetaData:
        metadata = tables()
        note = metadata.tables["note"]
        view = sa.CreateView(
            sa.select(note.c.id).where(note.c.id < bound), "few", metadata=metadata
        )
        sa.Index("ix_few", view.table.c.id)
        return metadata

    filled(migrations, native(5))
    assert migrations.operations(native(5)) == []
    assert query(engine, "SELECT id FROM few") == [(1,)]
    path = migrations.make(native(9))
    assert "create_table" not in path.read_text()
    migrations.run(path)
    assert query(engine, "SELECT id FROM few ORDER BY id") == [(1,), (7,)]
    # The same view declared in the other way is the same view.
    metadata = tables()
    note = metadata.tables["note"]
    View("few", metadata, sa.select(note.c.id).where(note.c.id < 9))
    assert migrations.operations(metadata) == []
    migrations.run(path, "downgrade")
    assert query(engine, "SELECT id FROM few") == [(1,)]


# --- PostgreSQL


@pytest.fixture
def postgresql(tmp_path: Path, new_database: Callable[[str], str]) -> Migrations:
    engine = sa.create_engine(new_database("postgresql"), poolclass=sa.NullPool)
    return Migrations(tmp_path / "migrations", engine)


@pytest.mark.server
def test_grants_and_comment_of_a_view_stay(postgresql: Migrations) -> None:
    engine = postgresql.engines[0]
    filled(postgresql, viewed())
    role = f"reader_{engine.url.database}"
    execute(
        engine,
        f"CREATE ROLE {role}",
        f"GRANT SELECT ON b_short, a_loud TO {role} WITH GRANT OPTION",
        "GRANT SELECT ON a_loud TO PUBLIC",
        "COMMENT ON VIEW b_short IS 'it''s short'",
    )
    grants = "SELECT relname, relacl::text, obj_description(oid) FROM pg_class WHERE relkind = 'v'"
    grants += " AND relnamespace = 'public'::regnamespace ORDER BY relname"
    before = query(engine, grants)
    try:
        for metadata in (viewed(bound=9), viewed(length=80), viewed(length=80, more=("size",))):
            path = postgresql.make(metadata)
            postgresql.run(path)
            assert query(engine, grants) == before
            postgresql.run(path, "downgrade")
            assert query(engine, grants) == before
            postgresql.run(path)
    finally:
        execute(engine, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.server
def test_a_view_of_others_stays_on_a_declared_one(postgresql: Migrations) -> None:
    engine = postgresql.engines[0]
    filled(postgresql, viewed())
    execute(engine, "CREATE VIEW foreign_view AS SELECT id FROM b_short")
    path = postgresql.make(viewed(bound=9))
    postgresql.run(path)
    assert query(engine, "SELECT id FROM foreign_view ORDER BY id") == [(1,), (7,)]
    postgresql.run(path, "downgrade")
    assert query(engine, "SELECT id FROM foreign_view ORDER BY id") == [(1,)]


def materialized(bound: int, data: str = "") -> sa.MetaData:
    metadata = tables()
    View(
        "stored",
        metadata,
        postgresql="CREATE MATERIALIZED VIEW stored AS "
        f"SELECT id, text FROM note WHERE id < {bound} {data}",
    )
    return metadata


@pytest.mark.server
def test_a_materialized_view_with_an_index(postgresql: Migrations) -> None:
    engine = postgresql.engines[0]
    filled(postgresql, materialized(5))
    execute(engine, "CREATE UNIQUE INDEX ix_stored ON stored (id)")
    assert postgresql.operations(materialized(5)) == []
    assert postgresql.operations(materialized(5, "WITH NO DATA")) == []
    before = objects(engine, "stored")
    path = postgresql.make(materialized(9))
    postgresql.run(path)
    assert query(engine, "SELECT id FROM stored") == [(1,), (7,)]
    execute(engine, "REFRESH MATERIALIZED VIEW CONCURRENTLY stored")  # needs the index
    assert postgresql.operations(materialized(9)) == []
    postgresql.run(path, "downgrade")
    assert objects(engine, "stored") == before
    execute(engine, "REFRESH MATERIALIZED VIEW CONCURRENTLY stored")
    # A plain view in its place is another kind of thing.
    metadata = tables()
    View("stored", metadata, "SELECT id, text FROM note WHERE id < 5")
    path = postgresql.make(metadata)
    postgresql.run(path)
    assert "MATERIALIZED" not in objects(engine, "stored")[0].statement
    postgresql.run(path, "downgrade")
    assert objects(engine, "stored") == before


def test_a_materialized_view_is_for_postgresql_alone(migrations: Migrations, backend: str) -> None:
    migrations.run(migrations.make(materialized(5)))
    assert migrations.operations(materialized(5)) == []
    found = objects(migrations.engines[0], "stored")
    assert len(found) == (1 if backend == "postgresql" else 0)


@pytest.mark.server
def test_views_and_triggers_of_another_schema(postgresql: Migrations) -> None:
    engine = postgresql.engines[0]
    execute(engine, "CREATE SCHEMA app")

    def declare(bound: int) -> sa.MetaData:
        metadata = sa.MetaData(schema="app")
        note = sa.Table("note", metadata, sa.Column("id", sa.Integer), sa.Column("text", sa.Text))
        View("few", metadata, sa.select(note.c.id).where(note.c.id < bound))
        Function(
            "nothing",
            metadata,
            postgresql="CREATE FUNCTION app.nothing() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RETURN NULL; /* */ PERFORM {bound}; END $$",
        )
        Trigger(
            "nothing",
            metadata,
            table=note,
            postgresql="CREATE TRIGGER nothing BEFORE INSERT ON app.note FOR EACH ROW "
            f"WHEN (NEW.id > {bound}) EXECUTE FUNCTION app.nothing()",
        )
        return metadata

    filled_path = postgresql.make(declare(5))
    postgresql.run(filled_path)
    assert postgresql.operations(declare(5)) == []
    before = objects(engine, "few", "nothing", schema="app")
    assert len(before) == 3
    path = postgresql.make(declare(6))
    postgresql.run(path)
    assert postgresql.operations(declare(6)) == []
    postgresql.run(path, "downgrade")
    assert objects(engine, "few", "nothing", schema="app") == before
    postgresql.run(filled_path, "downgrade")
    assert objects(engine, "few", "nothing", schema="app") == []

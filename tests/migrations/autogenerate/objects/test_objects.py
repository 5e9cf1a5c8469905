"""Declared views, functions and triggers against databases and histories."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import execute, query
from support.object_revisions import Migrations, key, objects, tables

from sqlalchemy_manage.declare import Function, Trigger, View, declared
from sqlalchemy_manage.errors import MigrationError


@pytest.fixture
def migrations(tmp_path: Path, engine: sa.Engine) -> Migrations:
    return Migrations(tmp_path / "migrations", engine)


def declare_mark(metadata: sa.MetaData, mark: str, text: str = "text", only: str = "") -> None:
    """A trigger that puts ``mark`` after every new text; on PostgreSQL by a function."""
    statements = {
        "sqlite": f"""
            CREATE TRIGGER mark_note AFTER INSERT ON note
            BEGIN
                -- ; "is" no end
                UPDATE note SET {text} = NEW.{text} || '{mark}' WHERE id = NEW.id;
            END
        """,
        "postgresql": """
            CREATE TRIGGER mark_note BEFORE INSERT ON note
            FOR EACH ROW EXECUTE FUNCTION mark_note()
        """,
        "mysql": f"""
            CREATE TRIGGER mark_note BEFORE INSERT ON note FOR EACH ROW
            BEGIN
                # ; is no end
                SET NEW.{text} = concat(NEW.{text}, '{mark}');
            END
        """,
    }
    statements = {k: v for k, v in statements.items() if only in ("", k)}
    Trigger("mark_note", metadata, table="note", **statements)
    if "postgresql" in statements:
        Function(
            "mark_note",
            metadata,
            postgresql=f"""
                CREATE FUNCTION mark_note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    -- ; is no end
                    NEW.{text} := NEW.{text} || '{mark}';
                    RETURN NEW;
                END
                $$
            """,
        )


def marked(mark: str, only: str = "") -> sa.MetaData:
    metadata = tables()
    declare_mark(metadata, mark, only=only)
    return metadata


def insert(engine: sa.Engine, value: str, column: str = "text") -> str:
    """What becomes of a new note with this text; no row is left."""
    with engine.begin() as connection:
        connection.execute(sa.text(f"INSERT INTO note (id, {column}) VALUES (1, '{value}')"))
        found = connection.scalar(sa.text(f"SELECT {column} FROM note"))
        connection.execute(sa.text("DELETE FROM note"))
    return found


# --- triggers and functions


def test_a_body_edited_and_taken_back(migrations: Migrations, engine: sa.Engine) -> None:
    first = migrations.make(marked("!"))
    migrations.run(first)
    assert migrations.operations(marked("!")) == []
    assert insert(engine, "a") == "a!"
    before = objects(engine, "mark_note")

    second = migrations.make(marked("?"))
    migrations.run(second)
    assert insert(engine, "a") == "a?"
    assert migrations.operations(marked("?")) == []
    after = objects(engine, "mark_note")

    migrations.run(second, "downgrade")
    assert insert(engine, "a") == "a!"
    assert objects(engine, "mark_note") == before
    migrations.run(second)
    assert objects(engine, "mark_note") == after != before
    migrations.run(second, "downgrade")
    migrations.run(first, "downgrade")
    assert objects(engine, "mark_note") == []


def test_formatting_does_not_count(migrations: Migrations, engine: sa.Engine) -> None:
    migrations.run(migrations.make(marked("!")))
    metadata = tables()
    Trigger(
        "mark_note",
        metadata,
        table="note",
        sqlite="""
            create trigger if not exists "mark_note"   after insert on [note]
            begin UPDATE `note` SET "text" = NEW.text || '!'
                WHERE id = NEW.id; /* done */ END;
        """,
        postgresql="CREATE OR REPLACE TRIGGER mark_note before insert on public.note "
        'for each row execute procedure "mark_note"();',
        mysql="""
            create or replace definer = root@localhost trigger `mark_note` before insert on `note`
            for each row begin SET NEW.text = CONCAT(NEW.text, '!'); END
        """,
    )
    Function(
        "mark_note",
        metadata,
        postgresql="create function public.mark_note () returns TRIGGER language 'plpgsql' as "
        "$x$ begin NEW.text := NEW.text || '!'; return new; end $x$",
    )
    assert migrations.operations(metadata) == []
    # A literal is none of it.
    other = marked(" !")
    assert migrations.operations(other) != []


def test_a_declaration_deleted(migrations: Migrations, engine: sa.Engine) -> None:
    migrations.run(migrations.make(marked("!")))
    before = objects(engine, "mark_note")
    path = migrations.make(tables())
    migrations.run(path)
    assert objects(engine, "mark_note") == []
    assert insert(engine, "a") == "a"
    assert migrations.operations(tables()) == []
    migrations.run(path, "downgrade")
    assert objects(engine, "mark_note") == before
    assert insert(engine, "a") == "a!"


def test_what_the_history_did_not_make_is_left_alone(
    migrations: Migrations, engine: sa.Engine, backend: str
) -> None:
    """A trigger made by hand, in a revision or beside it, and nobody's view."""
    own = key(backend)
    by_hand = [d.statement(own) for d in reversed(declared(marked("!", only=own)))]
    migrations.run(migrations.make(tables()))
    migrations.run(migrations.write(f"for sql in {by_hand!r}:\n        op.execute(sql)"))
    execute(engine, "CREATE VIEW foreign_view AS SELECT id FROM note")
    assert migrations.operations(tables()) == []
    # Declared as it is, nothing is to do; declared otherwise, it becomes ours.
    assert migrations.operations(marked("!", only=own)) == []
    before = objects(engine, "mark_note")
    path = migrations.make(marked("?", only=own))
    migrations.run(path)
    assert insert(engine, "a") == "a?"
    migrations.run(path, "downgrade")
    assert objects(engine, "mark_note") == before
    migrations.run(path)
    after = objects(engine, "mark_note")
    path = migrations.make(tables())
    migrations.run(path)
    assert insert(engine, "a") == "a"
    assert [d.name for d in objects(engine, "foreign_view", "mark_note")] == ["foreign_view"]
    migrations.run(path, "downgrade")
    assert objects(engine, "mark_note") == after


@pytest.mark.parametrize("still_declared", [False, True])
def test_a_table_goes_with_its_trigger_and_comes_back_with_it(
    migrations: Migrations, engine: sa.Engine, still_declared: bool
) -> None:
    def without() -> sa.MetaData:
        metadata = marked("!") if still_declared else sa.MetaData()
        if still_declared:
            metadata.remove(metadata.tables["note"])
        return metadata

    migrations.run(migrations.make(marked("!")))
    before = objects(engine, "mark_note")
    path = migrations.make(without())
    migrations.run(path)
    assert [d for d in objects(engine, "mark_note") if d.kind == "trigger"] == []
    if still_declared:
        with pytest.raises(MigrationError, match="on the table 'note'"):
            migrations.operations(without())
    migrations.run(path, "downgrade")
    assert objects(engine, "mark_note") == before
    assert insert(engine, "a") == "a!"


def test_a_trigger_moves_to_a_renamed_column(
    migrations: Migrations, engine: sa.Engine, backend: str
) -> None:
    from sqlalchemy_manage.migrations.operations.renaming import RenameColumnOp

    def renamed() -> sa.MetaData:
        metadata = sa.MetaData()
        sa.Table(
            "note",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("body", sa.String(50)),
        )
        declare_mark(metadata, "!", text="body")
        View("short", metadata, "SELECT id, body FROM note WHERE id < 5")
        return metadata

    old = marked("!")
    View("short", old, "SELECT id, text FROM note WHERE id < 5")
    migrations.run(migrations.make(old))
    before = objects(engine, "mark_note", "short")
    # The comparison of a renamed column's table is the business of others.
    execute(engine, "ALTER TABLE note RENAME COLUMN text TO body")
    after = renamed()
    execute(engine, "ALTER TABLE note RENAME COLUMN body TO text")
    assert objects(engine, "mark_note", "short")[-1:] == before[-1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("support.object_revisions.PLUGINS", ["sqlalchemy_manage.objects"])
        path = migrations.make(after, first=(RenameColumnOp("note", "text", "body"),))
    migrations.run(path)
    assert insert(engine, "a", "body") == "a!"
    assert query(engine, "SELECT body FROM short") == []
    assert migrations.operations(renamed()) == []
    migrations.run(path, "downgrade")
    assert insert(engine, "a") == "a!"
    assert objects(engine, "mark_note", "short") == before
    migrations.run(path)
    assert insert(engine, "a", "body") == "a!"


# --- what a comparison asks of the server


def test_as_few_queries_as_kinds(migrations: Migrations, engine: sa.Engine, backend: str) -> None:
    """Whatever the number of objects; none at all where nothing is declared."""

    def declare(count: int) -> sa.MetaData:
        metadata = sa.MetaData()
        for number in range(count):
            name = f"note{number}"
            sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))
            statements = {
                "sqlite": f"CREATE TRIGGER t{number} AFTER INSERT ON {name} BEGIN SELECT 1; END",
                "postgresql": f"CREATE TRIGGER t{number} BEFORE INSERT ON {name} FOR EACH ROW "
                "EXECUTE FUNCTION nothing()",
                "mysql": f"CREATE TRIGGER t{number} BEFORE INSERT ON {name} FOR EACH ROW "
                "SET @a = 1",
            }
            Trigger(f"t{number}", metadata, table=name, **statements)
        Function(
            "nothing",
            metadata,
            postgresql="CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RETURN NULL; END'",
        )
        return metadata

    def count(metadata: sa.MetaData) -> int:
        statements: list[str] = []
        listener = sa.event.listens_for(engine, "before_cursor_execute")
        listener(lambda conn, cursor, statement, *args: statements.append(statement))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("support.object_revisions.PLUGINS", ["sqlalchemy_manage.objects"])
            assert migrations.operations(metadata) == []
        return len(statements)

    assert count(tables()) == count(sa.MetaData())
    nothing = count(sa.MetaData())
    migrations.run(migrations.make(declare(30)))
    assert count(declare(30)) - nothing <= 2


def test_a_second_comparison_asks_nothing(migrations: Migrations, engine: sa.Engine) -> None:
    """Renames are tried by comparing again; what the database has is known by then."""
    from alembic.autogenerate import produce_migrations

    metadata = marked("!")
    View("few", metadata, "SELECT id FROM note")
    migrations.run(migrations.make(metadata))
    with migrations.engines[0].connect() as connection:
        context = migrations.context(connection, metadata)
        assert produce_migrations(context, metadata).upgrade_ops.ops == []
        statements: list[str] = []
        listener = sa.event.listens_for(engine, "before_cursor_execute")
        listener(lambda conn, cursor, statement, *args: statements.append(statement))
        assert produce_migrations(context, metadata).upgrade_ops.ops == []
    assert statements == []


def test_where_the_server_may_not_be_asked_the_history_tells(
    migrations: Migrations, engine: sa.Engine, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No right to make a copy of a view: then it is as its last revision left it."""
    from sqlalchemy.exc import OperationalError

    from sqlalchemy_manage.migrations.autogenerate.objects import server_form as copies

    def declare(bound: int) -> sa.MetaData:
        metadata = tables()
        View("few", metadata, sa.select(metadata.tables["note"].c.id).where(sa.literal(bound) > 1))
        return metadata

    migrations.run(migrations.make(declare(5)))
    calls: list[str] = []

    def refuse(connection: sa.Connection, statement: str) -> None:
        calls.append(statement)
        raise OperationalError(statement, {}, Exception("permission denied"))

    monkeypatch.setattr(copies, "execute", refuse)
    assert migrations.operations(declare(5)) == []
    assert [op[0] for op in migrations.operations(declare(6))] == ["replace_view"]
    assert bool(calls) == (backend != "sqlite")


def test_a_trigger_of_a_table_that_nobody_has(migrations: Migrations) -> None:
    metadata = marked("!")
    metadata.remove(metadata.tables["note"])
    with pytest.raises(MigrationError, match="is declared on the table 'note', which neither"):
        migrations.operations(metadata)


def test_a_trigger_of_a_table_that_only_the_database_has(
    migrations: Migrations, engine: sa.Engine
) -> None:
    """Somebody else's table may get a trigger of ours."""
    execute(engine, "CREATE TABLE note (id integer PRIMARY KEY, text varchar(50))")
    metadata = marked("!")
    metadata.remove(metadata.tables["note"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("support.object_revisions.PLUGINS", ["sqlalchemy_manage.objects"])
        migrations.run(migrations.make(metadata))
    assert insert(engine, "a") == "a!"


def test_without_a_history(engine: sa.Engine) -> None:
    """Alembic's own API, with no script folder anywhere."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as connection:
        opts = {"autogenerate_plugins": ["sqlalchemy_manage.objects"]}
        context = MigrationContext.configure(connection, opts=opts)
        found = compare_metadata(context, marked("!"))
    assert [op[0] for op in found] == ["create_function", "create_trigger"]

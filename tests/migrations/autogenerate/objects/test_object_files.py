"""The files that are written: one for every database, readable, exact, and honest."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from support.databases import execute, query
from support.object_revisions import Migrations, objects, tables

from sqlalchemy_manage.declare import Function, Trigger, View, declared
from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.operations.objects.operations import CreateObjectOp
from sqlalchemy_manage.migrations.operations.objects.rendering import literal
from sqlalchemy_manage.sql.create_statements import clean

BACKENDS = ("sqlite", "postgresql", "mariadb")


@pytest.fixture
def migrations(tmp_path: Path, new_database: Callable[[str], str]) -> Migrations:
    """One folder for all three databases."""
    engines = [sa.create_engine(new_database(b), poolclass=sa.NullPool) for b in BACKENDS]
    return Migrations(tmp_path / "migrations", *engines)


def noted(mark: str, *, name: str = "mark", view: bool = True) -> sa.MetaData:
    metadata = tables()
    Trigger(
        name,
        metadata,
        table="note",
        sqlite=f"""
            CREATE TRIGGER {name} AFTER INSERT ON note
            BEGIN
                UPDATE note SET text = NEW.text || '{mark}' WHERE id = NEW.id;
            END
        """,
        postgresql=f"""
            CREATE TRIGGER {name} BEFORE INSERT ON note
            FOR EACH ROW EXECUTE FUNCTION {name}()
        """,
        mysql=f"""
            CREATE TRIGGER {name} BEFORE INSERT ON note
            FOR EACH ROW SET NEW.text = concat(NEW.text, '{mark}')
        """,
    )
    Function(
        name,
        metadata,
        postgresql=f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.text = NEW.text || '{mark}';
                RETURN NEW;
            END
            $$
        """,
    )
    if view:
        select = sa.select(metadata.tables["note"].c.id).where(sa.literal(mark) == sa.literal(mark))
        View("notes", metadata, select)
    return metadata


def texts(engine: sa.Engine) -> list[tuple[object, ...]]:
    execute(engine, "DELETE FROM note", "INSERT INTO note (id, text) VALUES (1, 'a')")
    return query(engine, "SELECT text FROM note")


@pytest.mark.server
@pytest.mark.parametrize("on", range(3), ids=BACKENDS)
def test_one_file_for_every_database(migrations: Migrations, on: int) -> None:
    migrations.run(migrations.make(noted("!"), on=migrations.engines[on]))
    before = [objects(engine, "mark", "notes") for engine in migrations.engines]
    for engine in migrations.engines:
        assert texts(engine) == [("a!",)]
        assert migrations.operations(noted("!"), engine) == []
    path = migrations.make(noted("?"), on=migrations.engines[on])
    migrations.run(path)
    for engine in migrations.engines:
        assert texts(engine) == [("a?",)]
        assert migrations.operations(noted("?"), engine) == []
    migrations.run(path, "downgrade")
    assert [objects(engine, "mark", "notes") for engine in migrations.engines] == before
    migrations.run(path)
    last = migrations.make(tables(), on=migrations.engines[on])
    migrations.run(last)
    for engine in migrations.engines:
        assert texts(engine) == [("a",)]
        assert objects(engine, "mark", "notes") == []
        assert migrations.operations(tables(), engine) == []
    migrations.run(last, "downgrade")
    for engine in migrations.engines:
        assert texts(engine) == [("a?",)]


@pytest.mark.server
def test_the_file_reads_well(migrations: Migrations) -> None:
    migrations.run(migrations.make(noted("!", view=False)))
    path = migrations.make(noted("?", view=False))
    text = path.read_text()
    upgrade = text[text.index("def upgrade") : text.index("def downgrade")]
    assert (
        '''    op.replace_trigger(
    'mark',
    'note',
    sqlite="""
            CREATE TRIGGER mark AFTER INSERT ON note
            BEGIN
                UPDATE note SET text = NEW.text || '?' WHERE id = NEW.id;
            END
        """,
    mysql="""
            CREATE TRIGGER mark BEFORE INSERT ON note
            FOR EACH ROW SET NEW.text = concat(NEW.text, '?')
        """,
    )
'''
        in upgrade
    )
    # PostgreSQL's trigger is what it was; its function is another.
    assert upgrade.count("postgresql=") == 1


@pytest.mark.server
def test_a_view_that_is_the_same_everywhere_is_written_once(migrations: Migrations) -> None:
    metadata = tables()
    View("few", metadata, sa.select(metadata.tables["note"].c.id))
    text = migrations.make(metadata).read_text()
    assert text.count("CREATE VIEW few AS") == 1


@pytest.mark.server
def test_what_is_not_known_of_another_database_is_said(migrations: Migrations) -> None:
    """The trigger was made by a revision that tells nothing to a reader of its text."""
    made = {d.kind: d for d in declared(noted("!", view=False))}
    migrations.run(migrations.make(tables()))
    for engine, key in zip(migrations.engines, ("sqlite", "postgresql", "mysql"), strict=True):
        for kind in ("function", "trigger"):
            if statement := made[kind].statement(key):
                execute(engine, statement)
    sqlite, _, mariadb = migrations.engines
    path = migrations.make(only_trigger("?"), on=sqlite)
    assert "mysql=None,  # not in the history" in path.read_text()
    migrations.run(path)
    assert texts(sqlite) == texts(mariadb) == [("a?",)]
    migrations.run(path, "downgrade", sqlite)
    assert texts(sqlite) == [("a!",)]
    with pytest.raises(MigrationError) as caught:
        migrations.run(path, "downgrade", mariadb)
    assert "The trigger mark cannot be restored on mysql" in caught.value.message
    assert "CREATE TRIGGER" in str(caught.value.hint)
    assert texts(mariadb) == [("a?",)]
    # Filled in by hand, it is restored.
    statement = str(made["trigger"].statement("mysql"))
    path.write_text(path.read_text().replace("mysql=None,", f"mysql={statement!r},"))
    migrations.run(path, "downgrade", mariadb)
    assert texts(mariadb) == [("a!",)]


def only_trigger(mark: str) -> sa.MetaData:
    metadata = noted(mark, view=False)
    own = metadata.info["sqlalchemy_manage.declared"]
    own[:] = [d for d in own if d.kind == "trigger"]
    own[0].statements.pop("postgresql")
    return metadata


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS SELECT 'it''s \"\"\" quoted'",
        "CREATE VIEW v AS SELECT 'back\\slash\\n'",
        "CREATE VIEW v AS\n\n\n    SELECT 1",
        "CREATE VIEW v AS\n\tSELECT 1",
        "CREATE VIEW v AS SELECT 'line\n  \nline'",
        "CREATE VIEW v AS   \nSELECT 1",
        "CREATE VIEW v AS SELECT 'tab\tand ü'",
        'CREATE VIEW v AS SELECT "',
        "CREATE VIEW v AS SELECT '\\",
        "   \n      deep\n   ".strip() + "\n        deeper",
    ],
)
def test_a_statement_is_written_as_it_is(statement: str) -> None:
    """Also after Alembic has indented the rendered code and cut the ends of its lines."""
    code = f"op.create_view('v', {literal(statement)})"
    indented = "\n".join("    " + line for line in code.split("\n"))
    indented = "\n".join(line.rstrip(" ") for line in indented.split("\n"))
    call = ast.parse(indented.strip()).body[0].value
    assert clean(ast.literal_eval(call.args[1])) == statement


@pytest.mark.server
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql", "mariadb"])
def test_into_a_script(migrations: Migrations, dialect: str) -> None:
    first = migrations.make(noted("!"))
    migrations.run(first)
    path = migrations.make(noted("? 100% :name"))
    namespace: dict[str, object] = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer}
    )
    with Operations.context(context):
        namespace["upgrade"]()
    script = buffer.getvalue()
    assert script.count("'? 100% :name'") == 3, script
    if dialect == "sqlite":
        assert script.index("DROP TRIGGER IF EXISTS mark;") < script.index("CREATE TRIGGER mark")
    if dialect == "postgresql":
        assert "CREATE OR REPLACE FUNCTION mark()" in script
        assert "DROP VIEW IF EXISTS notes;" in script
    if dialect == "mysql":
        assert "CREATE OR REPLACE VIEW notes" in script
    assert "DELIMITER" not in script


def test_a_body_of_several_statements_in_a_script_for_mysql() -> None:
    body = "CREATE TRIGGER t BEFORE INSERT ON note FOR EACH ROW BEGIN SET @a = 1; END"
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="mysql", opts={"as_sql": True, "output_buffer": buffer}
    )
    Operations(context).create_trigger("t", "note", mysql=body)
    assert f"DELIMITER //\n\n{body}\n//\n\nDELIMITER ;" in buffer.getvalue()


def test_an_operation_for_a_database_that_is_not_known() -> None:
    with pytest.raises(MigrationError, match="there is no database 'oracle'"):
        CreateObjectOp("trigger", "t", "note", {"oracle": "CREATE TRIGGER t"})


def test_in_words() -> None:
    create = CreateObjectOp("trigger", "t", "note", {"mysql": "CREATE TRIGGER t"})
    assert str(create.describe()) == "+ create trigger t on note"
    assert create.describe().slug == "t"
    drop = create.reverse()
    assert str(drop.describe()) == "- drop trigger t on note"
    assert drop.describe().slug == "remove_t"
    assert drop.reverse().statements == create.statements
    create.aside = True
    assert str(create.describe()) == "~ create trigger t on note again"
    assert create.describe().slug == ""
    again = create.reverse()
    assert str(again.describe()) == "~ drop trigger t on note, to be created again"

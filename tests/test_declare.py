"""Declarations of views, functions and triggers: what is refused, and create_all with them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sqlalchemy_manage.declare import Function, Trigger, View, declared

TOUCH = {
    "sqlite": "CREATE TRIGGER touch AFTER INSERT ON note BEGIN "
    "UPDATE note SET text = text || '!' WHERE id = NEW.id; END",
    "postgresql": "CREATE TRIGGER touch BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION bang()",
    "mysql": "CREATE TRIGGER touch BEFORE INSERT ON note FOR EACH ROW "
    "SET NEW.text = concat(NEW.text, '!')",
}
BANG = """
    CREATE FUNCTION bang() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.text = NEW.text || '!';
        RETURN NEW;
    END
    $$;
"""


def notes(**kw: str) -> sa.MetaData:
    metadata = sa.MetaData(**kw)
    sa.Table(
        "note",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.String(50)),
    )
    return metadata


def names(engine: sa.Engine) -> set[str]:
    inspector = sa.inspect(engine)
    return {*inspector.get_table_names(), *inspector.get_view_names()}


def test_create_all_and_drop_all_with_declared_objects(engine: sa.Engine) -> None:
    metadata = notes()
    note = metadata.tables["note"]
    long = View("long_note", metadata, sa.select(note.c.id, note.c.text).where(note.c.id > 1))
    longer = View("longer_note", metadata, "SELECT id FROM long_note WHERE text LIKE '%!'")
    Trigger("touch", metadata, table=note, **TOUCH)
    Function("bang", metadata, postgresql=BANG)
    metadata.create_all(engine)
    metadata.create_all(engine)  # what is there already is left
    with engine.begin() as connection:
        connection.execute(note.insert(), [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}])
        assert connection.execute(sa.select(long.table)).all() == [(2, "b!")]
        assert long.table.c.text.type.length == 50
        assert connection.scalar(sa.text("SELECT count(*) FROM longer_note")) == 1
    assert longer.table.name == "longer_note"
    metadata.drop_all(engine)
    assert names(engine) == set()
    # A function is dropped with the last table: creating it again meets no other.
    metadata.create_all(engine)
    metadata.drop_all(engine)
    metadata.drop_all(engine)


def test_a_part_of_the_tables(engine: sa.Engine) -> None:
    metadata = notes()
    other = sa.Table("other", metadata, sa.Column("id", sa.Integer, primary_key=True))
    View("others", metadata, sa.select(other.c.id))
    View("all_notes", metadata, "SELECT id FROM note")
    Function("bang", metadata, postgresql=BANG)
    Trigger("touch", metadata, table="note", **TOUCH)
    metadata.create_all(engine, tables=[other])
    assert names(engine) == {"other", "others"}
    metadata.create_all(engine)
    assert names(engine) == {"other", "others", "note", "all_notes"}
    metadata.drop_all(engine, tables=[other])
    assert names(engine) == {"note", "all_notes"}
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO note (id, text) VALUES (1, 'a')"))
        assert connection.scalar(sa.text("SELECT text FROM note")) == "a!"
    metadata.drop_all(engine)


def test_into_a_script(backend: str) -> None:
    metadata = notes()
    Function("bang", metadata, postgresql=BANG)
    Trigger("touch", metadata, table="note", **TOUCH)
    View("percent", metadata, "SELECT id FROM note WHERE text LIKE '5%:x'")
    script: list[str] = []
    name = {"mariadb": "mysql"}.get(backend, backend)
    engine = sa.create_mock_engine(
        f"{name}+{ {'sqlite': 'pysqlite', 'postgresql': 'psycopg', 'mysql': 'pymysql'}[name] }://",
        lambda sql, *args: script.append(str(sql.compile(dialect=engine.dialect)).strip()),
    )
    metadata.create_all(engine, checkfirst=False)
    assert next(line.split()[1] for line in script if "note" in line) == "TABLE"
    assert any(line.startswith("CREATE TRIGGER touch") for line in script)
    assert any("LIKE '5%%:x'" in line or "LIKE '5%:x'" in line for line in script)


def test_a_select_is_written_for_each_database() -> None:
    metadata = notes()
    note = metadata.tables["note"]
    view = View(
        "odd",
        metadata,
        sa.select(note.c.id, (note.c.id % 2).label("odd"))
        .where(note.c.text.like("50%"), note.c.text != "a'b:c\\")
        .order_by(note.c.id),
        mysql="CREATE OR REPLACE SQL SECURITY INVOKER VIEW odd AS SELECT 1 AS id",
    )
    assert view.statement("postgresql") == (
        "CREATE VIEW odd AS\nSELECT note.id, note.id % 2 AS odd\nFROM note\n"
        "WHERE note.text LIKE '50%' AND note.text != 'a''b:c\\' ORDER BY note.id"
    )
    assert view.statement("sqlite") == view.statement("postgresql")
    assert view.statement("mysql") == "CREATE SQL SECURITY INVOKER VIEW odd AS SELECT 1 AS id"
    assert view.statement("oracle") is None
    quoted = View("Odd one", metadata, "SELECT 1 AS id")
    assert str(quoted.statement("mysql")).startswith("CREATE VIEW `Odd one` AS\nSELECT 1")


def test_a_table_by_model_and_by_schema() -> None:
    class Base(DeclarativeBase):
        metadata = sa.MetaData(schema="app")

    class Note(Base):
        __tablename__ = "note"
        id: Mapped[int] = mapped_column(primary_key=True)

    statement = "CREATE TRIGGER touch BEFORE INSERT ON app.note FOR EACH ROW EXECUTE FUNCTION x()"
    for table in (Note, Note.__table__, "app.note", "note"):
        metadata = sa.MetaData(schema="app")
        trigger = Trigger("touch", metadata, table=table, postgresql=statement)
        assert (trigger.schema, trigger.table_name) == ("app", "note")
    with pytest.raises(ArgumentError, match=r"creates the trigger 'touch'\."):
        Trigger("touch", Base.metadata, table=Note, postgresql=TOUCH["postgresql"])
    home = View("v", sa.MetaData(), schema="public", postgresql="CREATE VIEW public.v AS SELECT 1")
    assert home.schema is None


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (
            lambda m: Trigger("touch", m, table="note", oracle="CREATE TRIGGER"),
            "Trigger 'touch': a trigger cannot be declared for 'oracle'; known: sqlite, "
            "postgresql, mysql (mysql is for MariaDB too).",
        ),
        (
            lambda m: Function("bang", m, sqlite="CREATE FUNCTION bang()"),
            "Function 'bang': a function cannot be declared for 'sqlite'; known: postgresql, "
            "mysql (mysql is for MariaDB too).",
        ),
        (
            lambda m: Trigger("touch", m, table="note"),
            "Trigger 'touch': no statement is given for any database.",
        ),
        (lambda m: View("v", m), "View 'v': a select or a statement is required."),
        (
            lambda m: Trigger("touch", m, table="note", sqlite="UPDATE note SET text = 1"),
            "Trigger 'touch', sqlite: 'UPDATE note SET text = ...' does not create a trigger.",
        ),
        (
            lambda m: Trigger("touch", m, table="note", postgresql=BANG),
            "Trigger 'touch', postgresql: 'CREATE FUNCTION bang() RETURNS trigger ...' does not "
            "create a trigger.",
        ),
        (
            lambda m: Trigger("tuch", m, table="note", sqlite=TOUCH["sqlite"]),
            "Trigger 'tuch', sqlite: the statement creates the trigger 'touch'.",
        ),
        (
            lambda m: Trigger("touch", m, table="other", mysql=TOUCH["mysql"]),
            "Trigger 'touch', mysql: the statement's trigger is on 'note'.",
        ),
        (
            lambda m: View("V", m, postgresql="CREATE VIEW V AS SELECT 1"),
            "View 'V', postgresql: the statement creates the view 'v'.",
        ),
        (
            lambda m: View("v", m, "CREATE VIEW v AS SELECT 1"),
            "View 'v': give the SELECT alone, or CREATE VIEW for a database.",
        ),
        (
            lambda m: Function("bang", m, postgresql=f"{BANG} {TOUCH['postgresql']}"),
            "Function 'bang', postgresql: these are several statements; declare them separately.",
        ),
    ],
)
def test_wrong_use_is_refused_at_once(declare, message: str) -> None:
    metadata = notes()
    with pytest.raises(ArgumentError) as caught:
        declare(metadata)
    assert str(caught.value) == message
    assert declared(metadata) == []


def test_one_name_is_declared_once() -> None:
    metadata = notes()
    View("v", metadata, "SELECT 1 AS one")
    with pytest.raises(ArgumentError, match="View 'v' is declared twice"):
        View("v", metadata, "SELECT 2 AS two")
    statement = "CREATE TRIGGER t BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION x()"
    Trigger("t", metadata, table="a", postgresql=statement.format("a"))
    # On PostgreSQL, and nowhere else, a second table may have a trigger of the name.
    Trigger("t", metadata, table="b", postgresql=statement.format("b"))
    with pytest.raises(ArgumentError, match="declared twice"):
        Trigger("t", metadata, table="a", mysql="CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW")
    one = "CREATE TRIGGER u AFTER INSERT ON {} BEGIN SELECT 1; END"
    Trigger("u", metadata, table="a", sqlite=one.format("a"))
    with pytest.raises(ArgumentError, match="declared twice"):
        Trigger("u", metadata, table="b", sqlite=one.format("b"))


@pytest.mark.skipif(not hasattr(sa, "CreateView"), reason="CreateView came with SQLAlchemy 2.1")
def test_views_of_sqlalchemy_itself() -> None:
    from sqlalchemy_manage.models import sorted_tables
    from sqlalchemy_manage.module_contents import reachable_metadatas

    metadata = notes()
    note = metadata.tables["note"]
    select = sa.select(note.c.id).where(note.c.text == "50%")
    sa.CreateView(select, "short", metadata=metadata, or_replace=True)
    sa.CreateView(select, "stored", metadata=metadata, materialized=True)
    sa.CreateView(select, "passing", metadata=metadata, temporary=True)
    short, stored = declared(metadata)
    text = "VIEW {} AS SELECT note.id\nFROM note\nWHERE note.text = '50%'"
    for database in ("sqlite", "postgresql", "mysql"):
        assert short.statement(database) == "CREATE " + text.format("short")
    assert stored.statement("postgresql") == "CREATE MATERIALIZED " + text.format("stored")
    assert stored.statement("sqlite") is None
    assert sorted_tables([metadata]) == [note]
    module = type("module", (), {"metadata": metadata})
    assert reachable_metadatas([module]) == [metadata]

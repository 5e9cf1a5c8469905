"""New databases that are made from the models, and tables that were there before a history."""

from __future__ import annotations

from unittest import mock

from support.creating import CREATE_ALL, LATER, MODELS
from support.situations.table import Advised, leads_out

KILL = "import os\nevent.listen(team, 'after_create', lambda *args, **kw: os._exit(9))\n"
MEMBER = "CREATE TABLE member (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL)"


def begin(app: Advised, setting: str = CREATE_ALL) -> None:
    """Models, and two revisions that begin with a table of them."""
    app.write_history()
    app.models(MODELS)
    app.revision("a1", None)
    app.revision("b2", "a1", LATER)
    settings = app.folder / "staff_settings.py"
    settings.write_text(settings.read_text() + setting)


@leads_out("RUN_HISTORY")
def an_older_revision_is_asked_for(app: Advised) -> None:
    begin(app)
    app.told("migrate", "a1", code=2)
    app.follow()
    assert app.version == "a1"


@leads_out("MAKE_DATABASE")
def the_newest_revision_will_do(app: Advised) -> None:
    begin(app)
    app.told("migrate", "a1", code=2)
    app.follow()
    assert app.version == "b2" and "team" in app.tables()


@leads_out("MAKE_DATABASE")
def the_database_has_no_models_of_before(app: Advised) -> None:
    begin(app)
    app.execute("CREATE TABLE other (id INTEGER)", "DROP TABLE other")  # that there is a file
    later = MODELS + 'table("later", key())\n'
    app.models(later)
    app.told("makemigrations", code=1)
    app.models(MODELS)
    app.follow()
    app.models(later)
    app.done("makemigrations")
    assert len(app.revisions) == 3


@leads_out("MAKE_AFTER_FIX")
def the_tables_cannot_be_made(app: Advised) -> None:
    begin(app)
    app.models(MODELS + "event.listen(team, 'after_create', DDL('SELECT nowhere'))\n")
    app.told("migrate", code=1)
    app.models(MODELS)
    app.follow()
    assert app.version == "b2"


@leads_out("MAKE_AGAIN", backend="mariadb")
def rows_that_nobody_needs_came_meanwhile(app: Advised) -> None:
    begin(app)
    app.models(MODELS + KILL)
    assert app.spawn("migrate").code == 9
    app.models(MODELS)
    app.execute("INSERT INTO team (id, name) VALUES (1, 'a')")
    app.told("migrate", code=1)
    app.execute("DELETE FROM team")
    app.follow()
    assert app.version == "b2"


@leads_out("RECORD_MADE", backend="mariadb")
def what_is_half_made_was_finished(app: Advised) -> None:
    begin(app)
    app.models(MODELS + KILL)
    assert app.spawn("migrate").code == 9
    app.models(MODELS)
    app.execute("INSERT INTO team (id, name) VALUES (1, 'a')")
    app.told("migrate", code=1)
    with app.engine.begin() as connection:
        app.metadata.create_all(connection)
    app.follow()
    app.done("migrate")
    assert app.query("SELECT name FROM team") == [("a",)]


@leads_out("RECORD_STATE")
def the_tables_are_those_of_a_revision(app: Advised) -> None:
    begin(app)
    app.execute(MEMBER)
    app.told("migrate", code=1, REVISION="a1")
    app.follow()
    app.done("migrate")
    assert app.version == "b2"


@leads_out("RUN_ON_TABLES")
def the_first_revision_begins_with_tables(app: Advised) -> None:
    begin(app, "")
    app.revision("a1", None, LATER)
    app.revision("b2", "a1")
    app.execute(MEMBER)
    app.told("migrate", code=1)
    app.follow()
    assert app.version == "b2"


@leads_out("RUN_ON_TABLES")
def the_models_are_further_than_the_tables(app: Advised) -> None:
    begin(app)
    app.execute(MEMBER)
    app.told("migrate", code=1)
    app.follow()
    assert app.version == "b2"


@leads_out("LOOK_AT_TABLES")
def another_program_makes_the_tables_too(app: Advised) -> None:
    begin(app)
    app.execute(MEMBER)
    with mock.patch("sqlalchemy_manage.migrations.actions.new_database.is_new", lambda *args: True):
        app.told("migrate", code=1)
    app.follow()
    assert app.tables() == {"member"}


@leads_out("COMPARE_WITH_DATABASE")
def the_revisions_need_what_create_all_makes(app: Advised) -> None:
    begin(app)
    app.done("migrate")
    app.models(MODELS + 'table("later", key())\n')
    app.told("makemigrations", "--scratch", code=1)
    app.follow()
    assert len(app.revisions) == 3


NOTE = 'op.create_table("note", sa.Column("id", sa.Integer, primary_key=True))'


@leads_out("RECORD_UNDONE")
def a_downgrade_does_nothing(app: Advised) -> None:
    app.items()
    app.step("0002_note", NOTE)
    app.done("migrate")
    app.told("redo", code=1)
    assert app.version == "0002_note"
    app.execute("DROP TABLE note")
    app.follow()
    assert app.version == "0001_base"


@leads_out("APPLY_UNDONE")
def a_downgrade_that_does_nothing_was_replaced_by_hand(app: Advised) -> None:
    app.items()
    app.step("0002_note", NOTE)
    app.done("migrate")
    app.told("redo", code=1)
    app.execute("DROP TABLE note")
    app.done("migrate", "--fake", "0001")
    app.follow()
    assert app.version == "0002_note" and "note" in app.tables()

"""A revision that stopped: it failed, was interrupted, or is half done."""

from __future__ import annotations

import contextlib
import threading

import sqlalchemy as sa

from support.situations.table import ADD, FAIL, Advised, environment, leads_out, said


@leads_out("AFTER_FIX")
def a_revision_fails(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"), FAIL)
    app.step("0003_b", ADD.format("b"))
    app.told("migrate", "0002", code=1)
    app.step("0002_a", ADD.format("a"))
    app.follow()
    assert app.version == "0002_a"  # and not the head, which nobody asked for


@leads_out("AFTER_FIX")
def a_revision_cannot_be_undone(app: Advised) -> None:
    app.items()
    app.step("0002_a", undo=FAIL)
    app.step("0003_b")
    app.done("migrate")
    app.told("rollback", "2", code=1)
    app.execute("CREATE TABLE nowhere (id INTEGER)")
    app.follow()
    assert app.version == "0001_base"


@leads_out("ACCEPT_FIX")
def a_downgrade_is_fixed(app: Advised) -> None:
    app.items()
    app.step("0002_a", undo=FAIL)
    app.done("migrate")
    result = app.told("rollback", code=1, TEXT="mended")
    assert f"accept the edit: {app.command.replace('mended', 'TEXT')}\nThen: " in said(result)
    app.step("0002_a", undo="pass")
    app.follow()
    app.done("migrate", "0001_base")
    assert app.version == "0001_base"


@leads_out("ACCEPT_FIX", backend="mariadb")
def a_downgrade_is_fixed_half_way(app: Advised) -> None:
    app.items()
    undo = 'op.drop_column("item", "a")\n'
    app.step("0002_a", ADD.format("a"), ADD.format("b"), undo=undo + FAIL)
    app.done("migrate")
    app.told("rollback", "--allow-data-loss", code=1, TEXT="mended")
    app.step("0002_a", ADD.format("a"), ADD.format("b"), undo=undo + 'op.drop_column("item", "b")')
    app.follow()
    app.done("migrate", "0001_base", "--allow-data-loss")
    assert app.columns == {"id", "n"}


@leads_out("AFTER_FIX")
def plain_alembic_cannot_undo_a_revision(app: Advised) -> None:
    app.items()
    app.step("0002_a", undo=FAIL)
    app.step("0003_b")
    app.done("migrate")
    app.check(app.alembic("downgrade", "0001_base"), 255)
    assert app.version == "0002_a"
    app.execute("CREATE TABLE nowhere (id INTEGER)")
    app.follow()
    assert app.version == "0001_base"


@leads_out("AFTER_FIX")
def a_revision_of_another_database_fails(app: Advised) -> None:
    app.items()
    app.step("0002_a", FAIL)
    app.told("--database", "other", "migrate", code=1)
    assert "--database other" in app.command
    app.step("0002_a", ADD.format("a"))
    app.follow()
    assert app.version == "0002_a"


@leads_out("AFTER_FIX")
def plain_alembic_fails_on_another_database(app: Advised) -> None:
    app.items()
    app.step("0002_a", FAIL)
    app.check(app.alembic("-x", "database=other", "upgrade", "head"), 255)
    assert app.command == "manage.py --database other migrate"
    app.step("0002_a")
    app.follow()
    assert app.version == "0002_a"


@leads_out("AFTER_FIX_OF_STATEMENT", backend="mariadb")
def a_revision_fails_half_way(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"), FAIL)
    app.told("migrate", code=1)
    app.step("0002_a", ADD.format("a"), ADD.format("b"))
    app.follow()
    assert app.columns == {"id", "n", "a", "b"}


@leads_out("AFTER_FIX_OF_VALUES")
def values_do_not_fit_the_new_type(app: Advised) -> None:
    app.begin('table("a", key(), Column("x", String(9)))\n')
    app.insert({"a": [{"id": 1, "x": "4"}]})
    app.models('table("a", key(), Column("x", Integer))\n')
    app.done("makemigrations")
    app.execute("UPDATE a SET x = 'four'")
    app.told("migrate", code=1)
    app.execute("UPDATE a SET x = '4'")
    app.follow()
    assert app.query("SELECT x FROM a") == [(4,)]


@leads_out("AFTER_FIX_OF_ROWS")
def rows_break_a_new_constraint(app: Advised) -> None:
    app.begin('table("a", key(), Column("x", String(9)))\n')
    app.models('table("a", key(), Column("x", String(9), unique=True))\n')
    app.done("makemigrations")
    app.execute("INSERT INTO a VALUES (1, 'same'), (2, 'same')")
    app.told("migrate", code=1)
    app.execute("UPDATE a SET x = 'other' WHERE id = 2")
    app.follow()
    app.done("makemigrations", "--check")


@leads_out("WRITE_ENV")
def env_py_is_empty(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"))
    path = app.folder / "migrations" / "env.py"
    path.write_text("")
    app.told("migrate", code=1)
    path.unlink()
    app.follow()
    assert app.version == "0002_a" and path.read_text()


@leads_out("RUN_AS_IS")
def env_py_of_another_tool_fails_beside_it(app: Advised) -> None:
    app.write_history()
    app.step("0001_a", 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True))')
    path = app.folder / "migrations" / "env.py"
    path.write_text(
        "import sqlalchemy as sa\nfrom alembic import context\n\n"
        'engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))\n'
        "with engine.begin() as connection:\n"
        "    for _ in range(2):\n"
        "        context.configure(connection=connection)\n"
        "        context.run_migrations()\n"
    )
    app.told("migrate", code=1)
    app.follow()
    assert app.version == "0001_a"


@leads_out("AFTER_FAULT")
def the_disk_is_full(app: Advised) -> None:
    app.items()
    ids = "id + (SELECT max(id) FROM item)"
    fill = f'op.execute("INSERT INTO item SELECT {ids}, hex(randomblob(9999)) FROM item")'
    app.step("0002_a", 'op.execute("PRAGMA max_page_count = 30")', *[fill] * 9)
    app.told("migrate", code=1)
    app.step("0002_a", fill)
    app.follow()
    assert app.version == "0002_a"


@leads_out("AFTER_LOCK", backend="postgresql")
def a_session_keeps_the_table_locked(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"))
    impatient(app)
    with app.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE item IN SHARE MODE")
        app.told("migrate", code=75)
    app.follow()
    assert "a" in app.columns


def impatient(app: Advised) -> None:
    """Locks are waited for as short as can be."""
    settings = app.folder / "staff_settings.py"
    settings.write_text(f"{settings.read_text()}LOCK_WAIT = 0.2\nLOCK_TIMEOUT = 0.1\n")


def half_applied(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"), FAIL, undo=f'op.drop_column("item", "a")\n{FAIL}')
    assert app.manage("migrate").code == 1


def half_undone(app: Advised) -> None:
    app.items()
    app.step("0002_a", ADD.format("a"), undo=f'op.drop_column("item", "a")\n{FAIL}')
    app.done("migrate")
    assert app.manage("rollback").code == 1


def sleeping(app: Advised) -> tuple[threading.Thread, int]:
    """A session of the server with a statement that runs, until it is killed; its number."""
    connection = app.engine.connect()
    number = connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one()

    def sleep() -> None:
        with connection, contextlib.suppress(sa.exc.DBAPIError):
            connection.exec_driver_sql("SELECT SLEEP(60)")

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    busy = f"SELECT 1 FROM information_schema.processlist WHERE id = {number}"
    while not app.query(f"{busy} AND INSTR(info, 'SLEEP(')"):
        pass
    return thread, number


@leads_out("AFTER_STATEMENT_ENDS", backend="mariadb")
def the_server_is_not_done_with_a_statement(app: Advised) -> None:
    half_applied(app)
    impatient(app)
    thread, number = sleeping(app)
    app.execute(f"UPDATE sqlalchemy_manage_journal SET session = {number}")
    app.told("migrate", code=75)
    app.execute("CREATE TABLE nowhere (id INTEGER)", f"KILL QUERY {number}")
    thread.join()
    app.follow()
    assert app.version == "0002_a"


@leads_out("AFTER_RESTORED_STATEMENTS", backend="mariadb")
def a_half_done_revision_was_changed(app: Advised) -> None:
    half_applied(app)
    app.step("0002_a", ADD.format("b"))
    app.told("migrate", code=1)
    app.step("0002_a", ADD.format("a"), ADD.format("b"))
    app.follow()
    assert app.columns == {"id", "n", "a", "b"}


@leads_out("RECORD_FINISHED", backend="mariadb")
def a_half_done_revision_was_changed_and_finished_by_hand(app: Advised) -> None:
    half_applied(app)
    app.step("0002_a", ADD.format("b"))
    app.told("migrate", code=1)
    app.execute("ALTER TABLE item CHANGE a b INTEGER")
    app.follow()
    assert app.version == "0002_a"
    app.done("migrate")


@leads_out("FINISH_REVISION", backend="mariadb")
def a_revision_is_half_applied(app: Advised) -> None:
    half_applied(app)
    app.told("migrate", "zero", code=1)
    app.execute("CREATE TABLE nowhere (id INTEGER)")
    app.follow()
    assert app.version == "0002_a"


@leads_out("FINISH_REVISION", backend="mariadb")
def a_revision_is_half_applied_and_its_file_was_gone(app: Advised) -> None:
    half_applied(app)
    path = app.versions / "0002_a.py"
    text = path.read_text()
    path.unlink()
    app.told("migrate", code=1)
    app.execute("CREATE TABLE nowhere (id INTEGER)")
    path.write_text(text)
    app.follow()
    assert app.version == "0002_a"


@leads_out("FINISH_UNDOING", backend="mariadb")
def a_revision_is_half_undone(app: Advised) -> None:
    half_undone(app)
    app.told("migrate", code=1)
    app.execute("CREATE TABLE nowhere (id INTEGER)")
    app.follow()
    assert app.version == "0001_base"


@leads_out("RECORD_AS_BEFORE", backend="mariadb")
def what_was_half_applied_is_undone_by_hand(app: Advised) -> None:
    half_applied(app)
    (app.versions / "0002_a.py").unlink()
    app.told("migrate", code=1)
    app.execute("ALTER TABLE item DROP COLUMN a")
    app.follow()
    app.step("0002_b", ADD.format("b"))
    app.done("migrate")
    assert app.columns == {"id", "n", "b"}


@leads_out("RECORD_AS_BEFORE", backend="mariadb")
def what_was_half_undone_is_brought_back_by_hand(app: Advised) -> None:
    half_undone(app)
    app.told("migrate", code=1)
    app.execute("ALTER TABLE item ADD COLUMN a INTEGER")
    app.follow()
    assert "Nothing to do" in app.done("migrate").stderr


@leads_out("FINISH_LATER", backend="mariadb")
def a_half_done_revision_is_listed(app: Advised) -> None:
    half_applied(app)
    app.told("showmigrations", code=0)
    found = app.follow(code=1)
    assert "manage.py migrate 0002_a\n" in said(found)


@leads_out("CONTINUE")
def a_migration_is_interrupted(app: Advised) -> None:
    app.items()
    app.step("0002_a", "import signal", "signal.raise_signal(signal.SIGTERM)")
    app.step("0003_b")
    app.told("migrate", "0002", code=143)
    app.step("0002_a", ADD.format("a"))
    app.follow()
    assert app.version == "0002_a"


@leads_out("CONTINUE")
def going_back_is_interrupted(app: Advised) -> None:
    app.items()
    kill = "import os, signal\nif os.environ.get('KILL'):\n    signal.raise_signal(signal.SIGINT)"
    app.step("0002_a", ADD.format("a"), undo=f'{kill}\nop.drop_column("item", "a")')
    app.step("0003_b")
    app.done("migrate")
    app.execute("UPDATE item SET a = 1")
    with environment(KILL="yes"):
        app.told("rollback", "2", "--allow-data-loss", code=130)
    app.follow()
    assert app.version == "0001_base" and app.columns == {"id", "n"}


@leads_out("RECORD_INITIAL")
def the_tables_are_there_and_no_history(app: Advised) -> None:
    app.models('table("a", key())\n')
    app.done("makemigrations")
    app.execute("CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY)", "INSERT INTO a VALUES (5)")
    app.told("migrate", code=1)
    app.follow()
    assert app.query("SELECT id FROM a") == [(5,)]
    app.done("check")


@leads_out("RECORD_INITIAL")
def the_tables_are_there_and_differ(app: Advised) -> None:
    app.models('table("a", key(), Column("x", Integer))\n')
    app.done("makemigrations")
    app.execute("CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY)", "INSERT INTO a VALUES (5)")
    app.told("migrate", code=1)
    app.execute("ALTER TABLE a ADD COLUMN x INTEGER")
    app.follow()
    app.done("check")

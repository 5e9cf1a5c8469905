"""Texts of triggers given the new name of a column or a table, and only that."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.migrations.operations.objects.follow_renames import (
    column_renamed,
    functions_follow,
    table_renamed,
)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("SET NEW.name = 1", "SET NEW.label = 1"),
        ("new . name <> old.NAME", "new . label <> old.label"),
        ("NEW.`name` = OLD.names", "NEW.label = OLD.names"),
        ("INSERT INTO log (name) VALUES (NEW.name)", "INSERT INTO log (name) VALUES (NEW.label)"),
        ("t.name = name", "t.name = name"),
        ("'NEW.name' /* NEW.name */ -- NEW.name", "'NEW.name' /* NEW.name */ -- NEW.name"),
        ("NEW.name_of", "NEW.name_of"),
    ],
)
def test_a_column(text: str, becomes: str) -> None:
    assert column_renamed(text, "name", "label", "`") == becomes


def test_a_new_name_that_is_hard_to_write_is_quoted() -> None:
    assert column_renamed("NEW.a", "a", "order", '"') == 'NEW."order"'
    assert table_renamed("FROM a", "a", 'x"y', '"') == 'FROM "x""y"'


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("INSERT INTO log (log) VALUES (1)", "INSERT INTO journal (log) VALUES (1)"),
        ("insert ignore into `log` set a = 1", "insert ignore into journal set a = 1"),
        ("UPDATE log SET log = 1", "UPDATE journal SET log = 1"),
        ("DELETE FROM app.log WHERE log.id = 1", "DELETE FROM app.journal WHERE journal.id = 1"),
        ("SELECT 1 FROM t JOIN log ON t.log = 2", "SELECT 1 FROM t JOIN journal ON t.log = 2"),
        ("ON DUPLICATE KEY UPDATE log = 1", "ON DUPLICATE KEY UPDATE log = 1"),
        ("SET x = 'FROM log'", "SET x = 'FROM log'"),
        ("FROM logs", "FROM logs"),
        ("NEW.log", "NEW.log"),
    ],
)
def test_a_table(text: str, becomes: str) -> None:
    assert table_renamed(text, "log", "journal", "`") == becomes


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_function_of_two_tables_may_mean_the_other_one(engine: sa.Engine) -> None:
    """A column of one is renamed: nobody can tell whether the text means it."""
    function = (
        "CREATE FUNCTION {0}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN NEW.a := '50%'; RETURN NEW; END$$"
    )
    trigger = "CREATE TRIGGER {1}_{0} BEFORE INSERT ON {1} FOR EACH ROW EXECUTE FUNCTION {0}()"
    with engine.begin() as connection:
        for name in ("one", "two"):
            connection.exec_driver_sql(f"CREATE TABLE {name} (a text)")
        for name, tables in {"alone": ["one"], "shared": ["one", "two"], "unused": []}.items():
            connection.exec_driver_sql(function.format(name).replace("%", "%%"))
            for table in tables:
                connection.exec_driver_sql(trigger.format(name, table))
        functions_follow(connection, None, "one", column=("a", "b"))
        found = connection.exec_driver_sql(
            "SELECT proname, prosrc FROM pg_proc p JOIN pg_namespace n"
            " ON n.oid = p.pronamespace WHERE n.nspname = 'public'"
        )
        bodies = {row.proname: row.prosrc for row in found}
    assert bodies == {
        "alone": "BEGIN NEW.b := '50%'; RETURN NEW; END",
        "shared": "BEGIN NEW.a := '50%'; RETURN NEW; END",
        "unused": "BEGIN NEW.a := '50%'; RETURN NEW; END",
    }


@pytest.mark.parametrize("backend", ["mariadb"])
def test_triggers_keep_their_order_and_their_mode(engine: sa.Engine) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    from sqlalchemy_manage.migrations.operations.renaming import RenameColumnOp

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a varchar(9), trail varchar(99) DEFAULT '')")
        connection.exec_driver_sql("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')")
        for number, body in enumerate(["'1'", 'NEW."a"', "'3'"], start=1):
            connection.exec_driver_sql(
                f"CREATE TRIGGER t{number} BEFORE INSERT ON t FOR EACH ROW "
                f"SET NEW.trail = CONCAT(NEW.trail, {body})"
            )
        connection.exec_driver_sql("SET sql_mode = DEFAULT")
        mode = connection.exec_driver_sql("SELECT @@sql_mode").scalar()
        op = Operations(MigrationContext.configure(connection))
        op.invoke(RenameColumnOp("t", "a", "b"))
        connection.exec_driver_sql("INSERT INTO t (b) VALUES ('x')")
        assert connection.exec_driver_sql("SELECT trail FROM t").scalar() == "1x3"
        assert connection.exec_driver_sql("SELECT @@sql_mode").scalar() == mode

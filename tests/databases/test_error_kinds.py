"""Whose fault an error is, by the codes of the databases, and as they report it themselves."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from sqlalchemy_manage.databases.error_kinds import (
    ErrorKind,
    blaming,
    comes_of_stored_rows,
    error_kind,
    fault_as,
    fault_of,
    first_error,
    is_busy,
)

K = ErrorKind
only = pytest.mark.parametrize


def wrapped(original: Exception, statement: str = "SELECT 1") -> DBAPIError:
    return DBAPIError(statement, None, original)


@only(
    ("state", "kind"),
    [
        ("40P01", K.DEADLOCK),
        ("40001", K.DEADLOCK),
        ("55P03", K.LOCKED),
        ("53100", K.FULL),
        ("53200", K.NO_MEMORY),
        ("53300", K.TOO_MANY),
        ("25006", K.READ_ONLY),
        ("42501", K.FORBIDDEN),
        ("57014", K.CANCELLED),
        ("57P01", K.LOST),
        ("08006", K.LOST),
        ("58030", K.UNREADABLE),
        ("XX001", K.DAMAGED),
        ("23505", K.DATA),
        ("22001", K.DATA),
        ("42601", K.OTHER),
        ("42P07", K.OTHER),
    ],
)
def test_the_states_of_postgresql(state: str, kind: ErrorKind) -> None:
    assert error_kind(wrapped(psycopg.errors.lookup(state)("x"))) is kind


@only(
    ("number", "kind"),
    [
        (1213, K.DEADLOCK),
        (1205, K.LOCKED),
        (1021, K.FULL),
        (1114, K.FULL),
        (1041, K.NO_MEMORY),
        (1040, K.TOO_MANY),
        (1226, K.TOO_MANY),
        (1290, K.READ_ONLY),
        (1142, K.FORBIDDEN),
        (1969, K.TIMEOUT),
        (1317, K.CANCELLED),
        (2013, K.LOST),
        (0, K.LOST),
        (1194, K.DAMAGED),
        (1062, K.DATA),
        (1064, K.OTHER),
        (1050, K.OTHER),
    ],
)
def test_the_numbers_of_mariadb(number: int, kind: ErrorKind) -> None:
    error: Any = pymysql.err.OperationalError(number, "x")
    assert error_kind(wrapped(error)) is kind
    error.sqlstate = "HY000"  # as newer versions of the driver have it
    assert error_kind(wrapped(error)) is kind


@only(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, K.FULL),
        (sqlite3.SQLITE_BUSY, K.LOCKED),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, K.LOCKED),
        (sqlite3.SQLITE_LOCKED, K.LOCKED),
        (sqlite3.SQLITE_READONLY, K.READ_ONLY),
        (sqlite3.SQLITE_READONLY_DIRECTORY, K.READ_ONLY),
        (sqlite3.SQLITE_CANTOPEN, K.UNOPENED),
        (sqlite3.SQLITE_NOMEM, K.NO_MEMORY),
        (sqlite3.SQLITE_INTERRUPT, K.CANCELLED),
        (sqlite3.SQLITE_IOERR_WRITE, K.UNREADABLE),
        (sqlite3.SQLITE_CORRUPT, K.DAMAGED),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, K.DATA),
        (sqlite3.SQLITE_ERROR, K.OTHER),
    ],
)
def test_the_codes_of_sqlite(code: int, kind: ErrorKind) -> None:
    error: Any = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    assert error_kind(wrapped(error)) is error_kind(error) is kind


@only(
    ("error", "kind", "what"),
    [
        (OSError(errno.ENOSPC, "x"), K.FULL, "The disk is full. Then x"),
        (OSError(errno.EROFS, "x"), K.READ_ONLY, "The disk is read-only. Then x"),
        (PermissionError(errno.EACCES, "x"), K.FORBIDDEN, "The permissions are missing. Then x"),
        (OSError(errno.EIO, "x"), K.UNREADABLE, "The disk failed. Then x"),
        (MemoryError(), K.NO_MEMORY, "The memory is used up. Then x"),
        (FileNotFoundError(errno.ENOENT, "x"), K.OTHER, "Then x"),
        (ValueError("no space left"), K.OTHER, "Then x"),
    ],
)
def test_the_errors_of_the_system(error: Exception, kind: ErrorKind, what: str) -> None:
    assert error_kind(error) is kind
    assert blaming(error, "Then x") == what


@only(
    ("text", "kind"),
    [
        ("database or disk is full", K.FULL),
        ("database is locked", K.LOCKED),
        ("attempt to write a readonly database", K.READ_ONLY),
        ("consuming input failed: server closed the connection unexpectedly", K.LOST),
        ("the connection is closed", K.LOST),
        ("sorry, too many clients already", K.TOO_MANY),
        ("no such table: item", K.OTHER),
    ],
)
def test_a_driver_that_gives_no_code_is_read(text: str, kind: ErrorKind) -> None:
    assert error_kind(wrapped(Exception(text))) is kind


@only("kind", ErrorKind)
def test_each_kind_but_two_says_who_is_at_fault(kind: ErrorKind) -> None:
    fault = fault_as(kind)
    if kind in (K.DATA, K.OTHER):
        assert fault is None
        return
    assert fault is not None
    assert fault.what.startswith(("The ", "Another session ")) and "revision" not in fault.what
    assert fault.hint("manage.py migrate").endswith(": manage.py migrate")
    assert fault.hint().lower().endswith("repeat the command.")


@only(
    ("statement", "stored"),
    [
        ("CREATE UNIQUE INDEX i ON t (a)", True),
        ("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)", True),
        ("INSERT INTO new_t (a) SELECT a FROM t", True),
        ("INSERT INTO t (a) VALUES (1)", False),
        ("UPDATE t SET a = 1", False),
    ],
)
def test_rows_are_to_blame_where_the_statement_gives_no_values(
    statement: str, stored: bool
) -> None:
    refused = wrapped(pymysql.err.IntegrityError(1062, "x"), statement)
    assert comes_of_stored_rows(refused) is stored
    assert not comes_of_stored_rows(wrapped(pymysql.err.ProgrammingError(1064, "x"), statement))


def test_the_error_before_the_missing_savepoint_counts() -> None:
    full = wrapped(Exception("database or disk is full"))
    try:
        try:
            raise full
        except DBAPIError:
            raise wrapped(Exception("no such savepoint: sa_savepoint_1"))  # noqa: B904
    except DBAPIError as error:
        assert first_error(error) is full
        assert error_kind(error) is K.FULL


# As the databases report it.


@contextmanager
def told(connection: sa.Connection, statement: str) -> Iterator[DBAPIError]:
    with pytest.raises(DBAPIError) as caught:
        connection.exec_driver_sql(statement)
    yield caught.value


REPORTS = {
    "sqlite": [
        (("PRAGMA query_only=ON",), "CREATE TABLE u (a)", K.READ_ONLY),
        (
            ("PRAGMA max_page_count=3",),
            "INSERT INTO t VALUES (zeroblob(90000))",
            K.FULL,
        ),
        (("INSERT INTO t VALUES (1), (1)",), "CREATE UNIQUE INDEX i ON t (a)", K.DATA),
        ((), "SELECT * FROM nothing", K.OTHER),
    ],
    "postgresql": [
        (("SET TRANSACTION READ ONLY",), "CREATE TABLE u (a int)", K.READ_ONLY),
        (("SET LOCAL statement_timeout = 20",), "SELECT pg_sleep(60)", K.TIMEOUT),
        (("INSERT INTO t VALUES (1), (1)",), "CREATE UNIQUE INDEX i ON t (a)", K.DATA),
        (("SET LOCAL ROLE pg_monitor",), "SELECT * FROM t", K.FORBIDDEN),
        ((), "SELECT pg_terminate_backend(pg_backend_pid())", K.LOST),
        ((), "SELECT pg_cancel_backend(pg_backend_pid())", K.CANCELLED),
        ((), "SELECT * FROM nothing", K.OTHER),
    ],
    "mariadb": [
        (("SET SESSION TRANSACTION READ ONLY", "COMMIT"), "INSERT INTO t VALUES (1)", K.READ_ONLY),
        (("SET max_statement_time = 0.02",), "SELECT SLEEP(60) FROM t", K.TIMEOUT),
        (("INSERT INTO t VALUES (1), (1)",), "CREATE UNIQUE INDEX i ON t (a)", K.DATA),
        (
            (
                "SET max_heap_table_size = 16384",
                "CREATE TEMPORARY TABLE h (a char(255)) ENGINE=MEMORY",
            ),
            "INSERT INTO h SELECT 'x' FROM information_schema.columns LIMIT 1000",
            K.FULL,
        ),
    ],
}


def test_what_the_databases_report(engine: sa.Engine, backend: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a int)")
        connection.exec_driver_sql("INSERT INTO t VALUES (7)")
    for before, statement, kind in REPORTS[backend]:
        with engine.connect() as connection:
            for each in before:
                connection.exec_driver_sql(each)
            with told(connection, statement) as error:
                assert error_kind(error) is kind, (statement, error)
                assert (fault_of(error) is None) is (kind in (K.DATA, K.OTHER))
                assert not is_busy(error)


def test_a_lock_is_reported_as_one(engine: sa.Engine, backend: str) -> None:
    patience = {
        "sqlite": "PRAGMA busy_timeout=20",
        "postgresql": "SET lock_timeout = 20",
        "mariadb": "SET innodb_lock_wait_timeout = 1",
    }[backend]
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id int PRIMARY KEY, a int)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1, 7)")
    with engine.connect() as first, engine.connect() as second:
        second.exec_driver_sql(patience)
        first.exec_driver_sql("UPDATE t SET a = 8")
        with told(second, "UPDATE t SET a = 9") as error:
            assert error_kind(error) is K.LOCKED and is_busy(error)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_text("not a database" * 100)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.sqlite'}", poolclass=sa.NullPool)
    with engine.connect() as connection, told(connection, "SELECT * FROM t") as error:
        assert error_kind(error) is K.DAMAGED

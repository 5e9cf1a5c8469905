"""The three databases, and what tests do to a server or find in a database."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import sqlalchemy as sa

BACKENDS = ("sqlite", "postgresql", "mariadb")
EMBEDDED = "embedded"
# Where the servers are; the embedded PostgreSQL, once it runs, takes its place here.
SERVERS = {
    "postgresql": os.environ.get("TEST_POSTGRES_URL")
    or "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
    # PyMySQL would read all certificates of the machine for each connection: 35 ms.
    "mariadb": os.environ.get("TEST_MARIADB_URL")
    or "mariadb+pymysql://root@127.0.0.1:3306/?ssl_disabled=1",
}


def refusal(url: str) -> str | None:
    """What the server at this URL says instead of an answer; None where it answers."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return None
    except sa.exc.DBAPIError as error:
        return str(error.orig)


def on_server(url: str, statement: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def end_sessions(server: str, database: str) -> None:
    """MariaDB's FORCE: a forgotten transaction would hold up the drop, and the drop others."""
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT id FROM information_schema.processlist WHERE db = :name"),
            {"name": database},
        ).scalars()
        for number in found.all():
            with contextlib.suppress(sa.exc.DBAPIError):  # gone by now
                connection.exec_driver_sql(f"KILL {number}")


def user_tables(engine: sa.Engine) -> set[str]:
    """The tables of a database, without Alembic's and the tool's own."""
    found = sa.inspect(engine).get_table_names()
    return {n for n in found if n != "alembic_version" and not n.startswith("sqlalchemy_manage_")}


def execute(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def query(engine: sa.Engine, sql: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]

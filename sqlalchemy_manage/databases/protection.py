"""Permission to destroy data in a database that the settings, or a stamp in it, protect.

Rails keeps the environment's name in the database for the same reason: what settings say
depends on where one is, and what a database is does not
(https://api.rubyonrails.org/classes/ActiveRecord/ProtectedEnvironmentError.html).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from ..conf import Settings
from ..database_settings import Database
from ..errors import DatabaseMissing, NotPermitted, OpenQuestion, UsageError
from .engines import OWN_TABLE, database_url, is_sqlite_file, sqlite_path

VARIABLE = "MANAGE_CONFIRM_DATABASE"
PRODUCTION = "production"
NAME_LENGTH = 40

Ask = Callable[[str], str]
"""Shows a text on a terminal; returns what was typed."""


class Alias(Protocol):
    """What is asked of a project: one alias of its settings, and a connection to it."""

    alias: str

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    def connect(self) -> AbstractContextManager[sa.Connection]: ...


STAMP = sa.Table(
    "sqlalchemy_manage_environment",
    sa.MetaData(),
    sa.Column("name", sa.String(NAME_LENGTH), primary_key=True),
    sa.Column("stamped_at", sa.String(32), nullable=False),
    **OWN_TABLE,
)


def database_name(project: Alias) -> str:
    """What has to be typed: the database's name on its server, for SQLite that of the file.

    Of an alias with a SCHEMA, ``name.schema``.
    """
    url = database_url(project.database, project.settings.root)
    if is_sqlite_file(url):
        return sqlite_path(url).name
    name = Path(url.database or "").name or project.alias
    return name if project.database.schema is None else f"{name}.{project.database.schema}"


def stamp_of(connection: sa.Connection) -> str | None:
    """The environment's name in the database; None if nobody stamped it."""
    if not sa.inspect(connection).has_table(STAMP.name):
        return None
    found: str | None = connection.scalar(sa.select(STAMP.c.name))
    return found


def stamp(connection: sa.Connection, name: str | None) -> None:
    """Put the environment's name into the database, or take it out. The caller commits.

    Raises UsageError for an invalid name.
    """
    name = name and name.strip().lower()
    if name is not None and not (name.replace("-", "_").isidentifier() and name.isascii()):
        raise UsageError(f"'{name}' is not an environment name: use letters, digits, '-' and '_'.")
    if name is not None and len(name) > NAME_LENGTH:
        raise UsageError(f"An environment name has at most {NAME_LENGTH} characters.")
    STAMP.create(connection, checkfirst=True)
    connection.execute(sa.delete(STAMP))
    if name is not None:
        now = datetime.now(UTC).isoformat(" ", "seconds")
        connection.execute(sa.insert(STAMP), {"name": name, "stamped_at": now})


def why_protected(project: Alias, connection: sa.Connection | None = None) -> str | None:
    """Why destroying data here needs permission; None if it does not.

    A database that does not exist yet has no stamp.
    """
    if project.database.protected:
        return f"DATABASES['{project.alias}'] is PROTECTED"
    with ExitStack() as stack:
        try:
            name = stamp_of(connection or stack.enter_context(project.connect()))
        except DatabaseMissing:
            return None
    return f"the database is stamped '{name}'" if name == PRODUCTION else None


def require_permission(
    project: Alias,
    action: str,
    ask: Ask | None = None,
    connection: sa.Connection | None = None,
) -> None:
    """Return if ``action`` may destroy data in the project's database; raise otherwise.

    A protected database takes its own name: typed (``ask``), or in the environment's
    MANAGE_CONFIRM_DATABASE. OpenQuestion where nobody can be asked; NotPermitted for
    another name, in the variable also where none is needed: whoever set it means
    another database.
    """
    name = database_name(project)
    given = os.environ.get(VARIABLE)
    # Of several, for a command on all of them.
    named = given is not None and name in given.split(",")
    if given and not named:
        raise NotPermitted(
            f"{VARIABLE} is '{given}', and this database is '{name}'. Nothing was done.",
            f"If you mean '{name}': {VARIABLE}={name}. If not, check --database, "
            "DATABASE_URL and the settings.",
        )
    reason = why_protected(project, connection)
    if reason is None or named:
        return
    if ask is None:
        raise OpenQuestion(
            f"'{action}' needs permission here: {reason}. Nothing was done.",
            f"If this is intended, set {VARIABLE}={name} for this one command, or repeat it on a "
            "terminal and type the name. --no-input alone is not enough.",
        )
    typed = ask(f"'{action}' needs permission here: {reason}.\nType the name of the database")
    if typed.strip() != name:
        raise NotPermitted(
            f"'{typed.strip()}' is not the name of this database. Nothing was done.",
            f"It is '{name}'.",
        )

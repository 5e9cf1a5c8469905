"""A scratch database that holds what create_all makes of the models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from ...conf import raised
from ...errors import MigrationError
from ...models import create_copies, unmanaged_tables
from ..revisions.history import History
from ..runner.create_all import create_all, create_schemas
from .scratch import Scratch, scratch_like
from .scratch_fence import fenced
from .surroundings import give_surroundings

if TYPE_CHECKING:
    from ...project import Project


@contextmanager
def made_from_models(
    project: Project, history: History, *, same_kind: bool = False
) -> Iterator[Scratch]:
    """A scratch database like a new one of the project's, which is gone afterwards.

    Raises MigrationError where the tables cannot be made, DatabaseError where there is no
    place for a scratch database. ``same_kind``: never SQLite in place of MariaDB.
    """
    with scratch_like(project, same_kind) as database:
        give_surroundings(project, history, database)
        others = unmanaged_tables(project.metadatas)
        try:
            with fenced(database), database.connect() as connection, connection.begin():
                create_schemas(connection, {schema for schema, _ in others})
                create_copies(others.values(), connection)
                create_all(project.metadatas, connection)
        except DBAPIError as error:
            raise MigrationError(
                f"The tables of the models cannot be created in {database.where}: {raised(error)}."
            ) from error
        yield database

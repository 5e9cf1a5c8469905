"""What the models are compared with: the project's database, or else its history replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ... import advice
from ...database_settings import Database
from ...errors import ConnectionFailed, DatabaseMissing, MigrationError
from ..revisions.locations import project_history
from .new_database import makes_all
from .scratch import replayed

if TYPE_CHECKING:
    from ...project import Project


class ComparedDatabase(NamedTuple):
    """What the models are compared with; ``note`` says why it is not the project's database."""

    database: Database
    rows_visible: bool = True
    note: str | None = None


@contextmanager
def comparison_database(project: Project, *, scratch: bool) -> Iterator[ComparedDatabase]:
    """What the models are compared with.

    The project's database; with ``scratch``, or when it cannot be reached or does not
    exist yet, the history replayed into a scratch database.
    """
    history = project_history(project)
    notes: list[str] = []
    if not scratch:
        try:
            with project.connect():
                pass
        except DatabaseMissing:
            notes = ["The database does not exist yet."] if history.by_id else []
        except ConnectionFailed as error:
            notes = [error.message.rstrip(".") + "."]
        else:
            yield ComparedDatabase(project.database)
            return
    with ExitStack() as stack:
        try:
            database = stack.enter_context(replayed(project, history))
        except MigrationError as error:
            if makes_all(project):
                raise _nothing_to_compare(error) from error
            raise
        if notes or scratch:
            notes.append(f"Compared with the revisions replayed into {database.where}.")
        if makes_all(project):
            notes.append("Tables that no revision creates, since create_all does, are not there.")
        if database.note:
            notes.append(database.note)
        yield ComparedDatabase(database, False, " ".join(notes) or None)


def _nothing_to_compare(error: MigrationError) -> MigrationError:
    return MigrationError(
        f"{error.message}\nNor can a database be made to compare with: by NEW_DATABASE = "
        '"create_all" it would get the models of today, and equal them whatever was changed.',
        "Compare with a database at the newest revision, made before the models were changed: "
        f"{advice.COMPARE_WITH_DATABASE}",
    )

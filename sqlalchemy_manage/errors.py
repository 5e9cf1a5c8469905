"""Everything that can go wrong for a user, as exceptions that carry the exit code.

Logic raises these; only :mod:`sqlalchemy_manage.cli` turns them into text and an
exit status.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ManageError(Exception):
    """A failure that the user can fix: what is wrong, and what to do next."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ManageError):
    """The command line itself is wrong."""

    exit_code = 2


class SettingsError(ManageError):
    """The settings module is missing, broken, or holds a value of the wrong type."""


class AppError(ManageError):
    """An installed app, or a module of it, cannot be imported."""


class DatabaseError(ManageError):
    """The database refused or failed."""


class ConnectionFailed(DatabaseError):
    """No connection: server away, wrong password, not a database."""


class DatabaseMissing(DatabaseError):
    """The server answers, but the database named in the settings does not exist."""


class HistoryError(ManageError):
    """The revision files contradict each other, or the database is elsewhere."""


class MigrationError(ManageError):
    """A revision failed; the message says what state the database is in."""


class GuardFault(MigrationError):
    """What watches a revision failed, and the revision itself did not."""


class RowsInTheWay(MigrationError):
    """Rows that there are do not allow what a revision does; the message names them."""


class Recorded(MigrationError):
    """The loss cannot be undone; the revision is recorded, and the run stops."""


class DataLoss(MigrationError):
    """A downgrade would destroy data and nobody allowed it; ``losses`` say what."""

    def __init__(self, message: str, hint: str | None = None, losses: tuple[Any, ...] = ()) -> None:
        super().__init__(message, hint)
        self.losses = losses


class NotPermitted(ManageError):
    """A protected database, and the given name is not its own; nothing was done."""


class BackupError(ManageError):
    """No backup was made, or none was restored; the message says what state the data is in."""


class Interrupted(ManageError):
    """A signal stopped a command; ``exit_code`` is 128 plus its number, as in a shell."""

    def only_looked(self) -> Interrupted:
        """The same of a comparison, which leaves nothing behind and has nothing to continue."""
        error = Interrupted("Interrupted. Nothing was written.")
        error.exit_code = self.exit_code
        return error


class NotAdopted(MigrationError):
    """The database has tables that no history created."""


class SeedError(ManageError):
    """Seeding stopped; nothing was written."""


class FixtureError(ManageError):
    """A fixture cannot be found, read or loaded; nothing was written."""


class OpenQuestion(ManageError):
    """A question was open and nobody could answer it; ``questions`` are all that were."""

    exit_code = 3

    def __init__(
        self, message: str, hint: str | None = None, questions: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(message, hint)
        self.questions = questions


class Locked(ManageError):
    """Another process holds the migration lock and the wait is over (EX_TEMPFAIL)."""

    exit_code = 75


def did_you_mean(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """``" Did you mean 'x'?"`` for the closest known word, else an empty string.

    ``likeness``: from 0 to 1, how alike they must be at least.
    """
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f" Did you mean '{close[0]}'?" if close else ""

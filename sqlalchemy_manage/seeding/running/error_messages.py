"""What a user is told when a run fails."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor

from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from ...conf import failing_line
from ...databases.constraint_errors import violation
from ...databases.engines import trouble
from ...databases.error_kinds import fault_of
from ...errors import Interrupted, ManageError, SeedError
from ...interrupts import interruption, received
from ..generating.failures import Failed
from .state import NOTHING, SeedState


def run_error(error: BaseException, state: SeedState) -> ManageError | None:
    """The error to raise for a failure of the run; None for one that explains itself.

    What a part of the run said is corrected: it does not know what was committed before.
    """
    if isinstance(error, KeyboardInterrupt) or (
        received() and not isinstance(error, GeneratorExit | SystemExit | Interrupted)
    ):
        return interruption("The seed", state.fate)
    if isinstance(error, ManageError):
        error.message = error.message.replace(NOTHING, state.fate)
        error.args = (error.message,)
        return None
    if isinstance(error, Failed):
        return SeedError(
            f"{error.factory.__name__} failed at row {error.row + 1}: "
            f"{type(error.error).__name__}: {error.error}, in '{error.name}'"
            f"{failing_line(error.error)}. "
            f"{state.fate}",
            state.sessions.advice(error.factory, error.name),
        )
    if isinstance(error, StatementError):
        if isinstance(error, DBAPIError) and fault_of(error) is not None:
            told = trouble(error)  # the database's state, not the fault of a row
            told.message += f" {state.fate}"
            told.args = (told.message,)
            return told
        if isinstance(error, OperationalError) and (
            violation(error, state.project.tables).kind == "refused"
        ):
            return trouble(error)
        return SeedError(f"The database refused: {error.orig}. {state.fate}")
    if isinstance(error, BrokenExecutor):
        return SeedError(
            f"A process that created rows was killed (out of memory?). {state.fate}",
            "Repeat the command, with fewer --jobs.",
        )
    return None

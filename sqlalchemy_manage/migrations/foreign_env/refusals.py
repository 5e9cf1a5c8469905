"""Why an env.py could not be read, with file and line, and what to do."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ... import advice
from ...errors import ManageError, MigrationError


class NotHarvested(MigrationError):
    """An env.py did not get so far as to say what it wants; nothing was run."""


_USUAL_ATTRIBUTES = {"connection", "configure_logger"}


def refused(file: Path, error: BaseException, printed: str) -> NotHarvested:
    """The error for a user; ``printed``: what it printed before it failed."""
    if isinstance(error, NotHarvested):
        why = f"{error.message} Nothing was run."
    else:
        why = f"{file} cannot be read: {_why(error)}{_line(file, error)}. Nothing was run."
    if isinstance(error, SystemExit) and printed.strip():
        why += f"\nIt printed: {printed.strip()}"
    asked = sorted(getattr(error, "wanted", set()) - _USUAL_ATTRIBUTES)
    more = ""
    if asked:
        more = (
            f"It asks the configuration for the attribute {' and '.join(asked)}: ALEMBIC may name "
            "a function of yours that returns a Config with it. "
        )
    elif isinstance(error, KeyError) and "get_x_argument" in file.read_text(errors="replace"):
        more = 'It reads what alembic -x is given: name it in ALEMBIC, "X". '
    return NotHarvested(
        why,
        f"{more}It was only to say what it passes to Alembic. Correct it until alembic current "
        f"works; or run it as it is, without any of the checks: {advice.RUN_AS_IS}",
    )


def _why(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it ends the process, sys.exit({error.code!r})"
    if isinstance(error, ManageError):
        return error.message.rstrip(".")
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip().rstrip(".")
    text = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _line(file: Path, error: BaseException) -> str:
    """`` (line N)``, the last in ``file`` itself."""
    line = line_in(file, error)
    in_text = isinstance(error, SyntaxError) and "line" in str(error)
    return f" (line {line})" if line and not in_text else ""


def line_in(file: Path, error: BaseException) -> int:
    """The last line of ``file`` that ``error`` comes from; 0 where it comes from none."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 0
    found, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found

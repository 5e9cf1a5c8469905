"""Why the SQL of a revision cannot be shown, and whether the revision could do better."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError, NoInspectionAvailable, UnboundExecutionError

from ...conf import failing_line, is_entry
from ...errors import ManageError, MigrationError

_AS_SQL = "op.get_context().as_sql, which is true while SQL is shown"


def why_not(error: Exception, *, classes: bool = True) -> str:
    """The reason in a line, without a full stop; ``classes``: named as Python does."""
    if isinstance(error, ManageError):
        return error.message.strip(". \n")
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip(". \n")
    if not classes and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def not_shown(
    name: str, error: Exception, file: Path, *, without_rows: bool = False
) -> MigrationError:
    """The error of a command that shows ``file``, the revision ``name``.

    ``without_rows``: it was run on tables that hold only the rows that revisions write; else
    there was no database at all.
    """
    line = failing_line(error)
    if not without_rows and asks(error, file):
        return MigrationError(
            f"{name} asks the database while it runs{_short(line)}, and SQL is shown without one.",
            f"Have the revision look at {_AS_SQL}, and send there what needs no answer.",
        )
    if without_rows:
        return MigrationError(
            f"{name} cannot be shown as SQL: on tables that hold only the rows that revisions "
            f"write it fails: {why_not(error)}{line}.",
            f"If it needs rows, have it look at {_AS_SQL}, and send there what needs none.",
        )
    untyped = "No literal value renderer" in str(error)
    return MigrationError(
        f"{name} cannot be shown as SQL: {why_not(error)}{line}.",
        'Give the column its type there: sa.column("name", sa.String)' if untyped else None,
    )


def require_env_innocent(folder: Path, file: Path, error: Exception) -> None:
    """Raises MigrationError where ``error`` is of env.py in ``folder``, and not of ``file``."""
    trace, line, further = error.__traceback__, 0, False
    while trace is not None:
        code = trace.tb_frame.f_code
        line = trace.tb_lineno if code.co_filename == str(folder / "env.py") else line
        further = further or code.co_filename == str(file) or is_entry(code)
        trace = trace.tb_next
    if line and not further:
        raise MigrationError(
            f"{folder / 'env.py'} failed: {why_not(error)} (line {line}). Nothing was shown."
        ) from error


def _short(line: str) -> str:
    return f" ({line.rpartition(', ')[2]}" if line else ""


def asks(error: Exception, file: Path) -> bool:
    """Whether the code of ``file`` wants an answer from a connection that can give none.

    Alembic's stand-in for one only writes down what it is to execute, and returns None.
    """
    text = str(error)
    if isinstance(error, NoInspectionAvailable | UnboundExecutionError):
        return True
    if not isinstance(error, AttributeError | TypeError):
        return False
    trace, last = error.__traceback__, ""
    while trace is not None:
        last, trace = trace.tb_frame.f_code.co_filename, trace.tb_next
    return "MockConnection" in text or (last == str(file) and "NoneType" in text)

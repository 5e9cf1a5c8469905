"""Any error that ends a command, in words."""

from __future__ import annotations

import sys

from .errors import ManageError


def in_words(error: Exception, *, traced: bool = False) -> ManageError:
    """What ``error`` says: itself, or what it usually means; ``traced``: its traceback is shown."""
    from .conf import failing_line

    known = error if isinstance(error, ManageError) else _trouble(error)
    if known is not None:
        return known
    what = f"{type(error).__name__}: {str(error).strip()}".splitlines()[0].rstrip(": ")
    return ManageError(
        what + failing_line(error),
        None if traced else "Add --traceback to see where it came from.",
    )


def _trouble(error: Exception) -> ManageError | None:
    """An error of the system or of a database, in words; imports SQLAlchemy only for one."""
    if isinstance(error, OSError):
        return _system_trouble(error)
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DBAPIError

    from .databases.engines import trouble

    return trouble(error) if isinstance(error, DBAPIError) else None


def _system_trouble(error: OSError) -> ManageError | None:
    """That of a full disk and the like, which no line of code is to blame for."""
    from .conf import failing_line
    from .databases.error_kinds import fault_of

    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
        # Python tries to write into each.
        hint = "Free some space there, or name another folder in TMPDIR; then repeat the command."
        return ManageError(f"The disk is full, or cannot be written. {error.strerror}.", hint)
    fault = fault_of(error)
    if fault is None:
        return None
    line = failing_line(error)
    if error.filename:
        text = f"{fault.what}. {error.filename}: {error.strerror}{line}."
        return ManageError(text, fault.hint())
    # As a rule stdout, where the results are printed in the end.
    hint = f"{fault.advice}. Look at what was done before you repeat the command."
    return ManageError(f"{fault.what}: {error.strerror}{line}.", hint)

"""Whose fault an error is: of the disk, the data, the connection, another session, a right.

Read from the database's own code for it (SQLSTATE, MariaDB's number, SQLite's result code),
and from the text only where there is none.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy.exc import DBAPIError


class ErrorKind(Enum):
    """What an error is about. OTHER: the statement itself, as far as can be known."""

    LOCKED = "locked"
    DEADLOCK = "deadlock"
    FULL = "disk full"
    READ_ONLY = "read-only"
    UNOPENED = "not opened"
    NO_MEMORY = "out of memory"
    TOO_MANY = "too many connections"
    FORBIDDEN = "forbidden"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LOST = "connection lost"
    DAMAGED = "damaged"
    UNREADABLE = "disk failed"
    DATA = "data"
    OTHER = "other"


_K = ErrorKind

# https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest beginning counts.
_SQLSTATES = {
    "55P03": _K.LOCKED,
    "40P01": _K.DEADLOCK,
    "40001": _K.DEADLOCK,
    "53100": _K.FULL,
    "53200": _K.NO_MEMORY,
    "53300": _K.TOO_MANY,
    "25006": _K.READ_ONLY,
    "42501": _K.FORBIDDEN,
    "28": _K.FORBIDDEN,
    "57014": _K.CANCELLED,
    "57P01": _K.LOST,
    "57P02": _K.LOST,
    "57P03": _K.LOST,
    "57P05": _K.LOST,
    "25P03": _K.LOST,
    "08": _K.LOST,
    "58030": _K.UNREADABLE,
    "XX001": _K.DAMAGED,
    "XX002": _K.DAMAGED,
    "23": _K.DATA,
    "22": _K.DATA,
}
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_NUMBERS = {
    1205: _K.LOCKED,
    1213: _K.DEADLOCK,
    1020: _K.DEADLOCK,
    1021: _K.FULL,
    1114: _K.FULL,
    1037: _K.NO_MEMORY,
    1038: _K.NO_MEMORY,
    1041: _K.NO_MEMORY,
    1040: _K.TOO_MANY,
    1203: _K.TOO_MANY,
    1226: _K.TOO_MANY,
    1036: _K.READ_ONLY,
    1290: _K.READ_ONLY,
    1792: _K.READ_ONLY,
    1836: _K.READ_ONLY,
    1044: _K.FORBIDDEN,
    1045: _K.FORBIDDEN,
    1142: _K.FORBIDDEN,
    1143: _K.FORBIDDEN,
    1227: _K.FORBIDDEN,
    1370: _K.FORBIDDEN,
    1969: _K.TIMEOUT,
    3024: _K.TIMEOUT,
    1317: _K.CANCELLED,
    1053: _K.LOST,
    1927: _K.LOST,
    2006: _K.LOST,
    2013: _K.LOST,
    2055: _K.LOST,
    4031: _K.LOST,
    3: _K.UNREADABLE,
    1026: _K.UNREADABLE,
    1030: _K.UNREADABLE,
    1878: _K.UNREADABLE,
    126: _K.DAMAGED,
    127: _K.DAMAGED,
    145: _K.DAMAGED,
    1194: _K.DAMAGED,
    1195: _K.DAMAGED,
    1048: _K.DATA,
    1062: _K.DATA,
    1138: _K.DATA,
    1169: _K.DATA,
    1264: _K.DATA,
    1265: _K.DATA,
    1292: _K.DATA,
    1364: _K.DATA,
    1366: _K.DATA,
    1406: _K.DATA,
    1451: _K.DATA,
    1452: _K.DATA,
    1586: _K.DATA,
    3819: _K.DATA,
    4025: _K.DATA,
}
# https://sqlite.org/rescode.html; the lowest byte of the extended codes.
_RESULT_CODES = {
    3: _K.FORBIDDEN,
    5: _K.LOCKED,
    6: _K.LOCKED,
    7: _K.NO_MEMORY,
    8: _K.READ_ONLY,
    9: _K.CANCELLED,
    10: _K.UNREADABLE,
    11: _K.DAMAGED,
    13: _K.FULL,
    14: _K.UNOPENED,
    19: _K.DATA,
    26: _K.DAMAGED,
}
_ERRNOS = {
    errno.ENOSPC: _K.FULL,
    errno.EFBIG: _K.FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): _K.FULL,
    errno.EROFS: _K.READ_ONLY,
    errno.EACCES: _K.FORBIDDEN,
    errno.EPERM: _K.FORBIDDEN,
    errno.EIO: _K.UNREADABLE,
    errno.ENOMEM: _K.NO_MEMORY,
}
_TEXTS = (
    (r"no space left|disk is full|disk full|table .* is full", _K.FULL),
    (r"database (table )?is locked", _K.LOCKED),
    (r"readonly database|read-only", _K.READ_ONLY),
    (
        r"server closed the connection|gone away|lost connection|connection .*(lost|closed)"
        r"|terminating connection|unexpected(ly)? eof",
        _K.LOST,
    ),
    (r"too many (clients|connections)|remaining connection slots", _K.TOO_MANY),
)
# Another statement has its values from the one who wrote it, at least in part.
_OF_STORED_ROWS = re.compile(r"\s*(ALTER|CREATE|INSERT\b.*\bSELECT)\b", re.IGNORECASE | re.DOTALL)


def error_kind(error: BaseException) -> ErrorKind:
    """What ``error`` is about: a driver's error, SQLAlchemy's around it, or the system's."""
    error = first_error(error)
    original: Any = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, MemoryError):
        return _K.NO_MEMORY
    if isinstance(original, OSError):
        return _ERRNOS.get(original.errno or 0, _K.OTHER)
    found = _by_code(original)
    if not isinstance(error, DBAPIError) and found is None:
        return _K.OTHER
    text = str(original)
    if found is _K.CANCELLED and "statement timeout" in text:
        return _K.TIMEOUT
    if found in (None, _K.OTHER, _K.UNREADABLE):
        for pattern, kind in _TEXTS:
            if re.search(pattern, text, re.IGNORECASE):
                return kind
    if found is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        return _K.LOST
    return found or _K.OTHER


_NO_SAVEPOINT = re.compile(r"no such savepoint|savepoint .* does not exist", re.IGNORECASE)


def first_error(error: BaseException) -> BaseException:
    """The error before it, where ``error`` is only that there is no savepoint to go back to.

    There is none after an error by which the database ended the whole transaction.
    """
    if not _NO_SAVEPOINT.search(str(error)):
        return error
    before = error.__context__
    while before is not None:
        if isinstance(before, DBAPIError) and not _NO_SAVEPOINT.search(str(before)):
            return before
        before = before.__context__
    return error


def _by_code(original: Any) -> ErrorKind | None:
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return _RESULT_CODES.get(code & 0xFF)
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    if len(arguments) > 1 and isinstance(arguments[0], int):
        # MariaDB gives most errors the SQLSTATE HY000. (0, ''): PyMySQL's word for a connection
        # that it has closed.
        return _K.LOST if arguments[0] == 0 else _NUMBERS.get(arguments[0])
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return _SQLSTATES.get(state, _SQLSTATES.get(state[:2])) if state else None


def comes_of_stored_rows(error: BaseException) -> bool:
    """Whether rows in the tables stand in the way, rather than values of the statement."""
    return (
        error_kind(error) is _K.DATA
        and isinstance(error, DBAPIError)
        and _OF_STORED_ROWS.match(error.statement or "") is not None
    )


def is_busy(error: BaseException | None) -> bool:
    """Whether a statement gave way to others: they hold a lock, or it was in a deadlock."""
    return error is not None and error_kind(error) in (_K.LOCKED, _K.DEADLOCK)


def is_passing(error: BaseException) -> bool:
    """Whether the error says nothing of the statement: the same one may pass a moment later."""
    return error_kind(error) in (_K.LOCKED, _K.DEADLOCK, _K.TIMEOUT, _K.CANCELLED, _K.LOST)


@dataclass(frozen=True)
class Fault:
    """``what``: a sentence whose first words say who is at fault. ``advice``: what to do first."""

    what: str
    advice: str = ""

    def hint(self, command: str | None = None) -> str:
        """The advice, and then ``command``, or the same command once more."""
        if not self.advice:
            return f"To try again: {command}" if command else "Repeat the command."
        return (
            f"{self.advice}, then: {command}"
            if command
            else f"{self.advice}, then repeat the command."
        )


_FAULTS = {
    _K.LOCKED: Fault("The database is locked by another process", "Wait for that, or end it"),
    _K.DEADLOCK: Fault("The database undid the transaction to end a deadlock"),
    _K.FULL: Fault("The disk or the database is full", "Free some space"),
    _K.READ_ONLY: Fault(
        "The database is read-only",
        "Check the permissions of the file (or the user) and of its folder",
    ),
    _K.UNOPENED: Fault(
        "The file of the database cannot be opened, or its folder cannot be written",
        "Check the permissions of both",
    ),
    _K.NO_MEMORY: Fault("The memory is used up", "Free some memory, or raise the limit"),
    _K.TOO_MANY: Fault(
        "The server has no connection left for this user",
        "Close some connections, or raise the limit of the server or the user",
    ),
    _K.FORBIDDEN: Fault(
        "The permissions are missing", "Grant what the message names, or use another user"
    ),
    _K.TIMEOUT: Fault(
        "The time limit for a statement was reached",
        "Raise STATEMENT_TIMEOUT in the settings, or the limit of the server",
    ),
    _K.CANCELLED: Fault("Another session had the statement cancelled"),
    _K.LOST: Fault("The connection to the database was lost", "Check that the server is running"),
    _K.DAMAGED: Fault("The database is damaged", "Repair it, or restore a backup"),
    _K.UNREADABLE: Fault("The disk failed", "Look into the log of the system and of the server"),
}


# Of files, where there may be no database.
_OF_FILES = {
    _K.FULL: Fault("The disk is full", "Free some space"),
    _K.READ_ONLY: Fault("The disk is read-only", "Use another folder, or mount it for writing"),
    _K.FORBIDDEN: Fault("The permissions are missing", "Change those of the file and its folder"),
}


def fault_of(error: BaseException) -> Fault | None:
    """Who is at fault if not the statement, nor the values; None if it is one of these."""
    kind = error_kind(error)
    if isinstance(error, OSError) and kind in _OF_FILES:
        return _OF_FILES[kind]
    return fault_as(kind)


def blaming(error: BaseException, text: str) -> str:
    """``text``, and before it whose fault ``error`` is, if that is known."""
    fault = fault_of(error)
    return f"{fault.what}. {text}" if fault else text


def fault_as(kind: ErrorKind) -> Fault | None:
    """The same, for an error of this kind."""
    return _FAULTS.get(kind)

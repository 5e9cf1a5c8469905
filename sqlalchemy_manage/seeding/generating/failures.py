"""Why rows cannot be created a column at a time, or not in this process."""

from __future__ import annotations

from typing import Any

from ...errors import ManageError


class NotColumnwise(BaseException):
    """``factory`` needs its objects one at a time; the message says why.

    Not an Exception: a declaration's own ``except Exception`` must let it pass.

    ``by_objects``: for what it does with an object, not for how their values are found.
    """

    def __init__(self, factory: Any, why: str, by_objects: bool = False) -> None:
        super().__init__(why)
        self.by_objects = by_objects
        self.factory = factory
        self.why = why


class UserCode(NotColumnwise):
    """A declaration does what needs the session; ``what`` is said of it."""

    def __init__(self, what: str) -> None:
        super().__init__(None, f"a declaration {what}")
        self.what = what

    def put_down_to(self, factory: Any, name: str) -> None:
        """It is the declaration of that attribute, unless a nested one was found before."""
        if self.factory is None:
            self.factory = factory
            self.why = f"'{name}' {self.what}" if name else self.why


class NeedsConnection(Exception):
    """Only the process with the connection can read these rows, or say where numbers start."""


class NoOtherValues(ManageError):
    """No declaration of rows that the database refused gives them other values."""

    def __init__(self) -> None:
        super().__init__("The database refuses a row, and no declaration gives it other values.")


class Failed(Exception):
    """A declaration of ``factory`` raised ``error`` at a row, counted from 0 in its batch."""

    def __init__(self, factory: Any, name: str, row: int, error: Exception) -> None:
        super().__init__(str(error))
        self.factory = factory
        self.name = name
        self.row = row
        self.error = error

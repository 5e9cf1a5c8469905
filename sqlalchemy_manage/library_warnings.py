"""The warnings of libraries, as one line of ours with a line of the user's, or not at all."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from . import output
from .conf import is_entry, is_users

_BACKGROUND = re.compile(r"\s*\(Background on .*?\)", re.DOTALL)
_MODELS = re.compile(r"[/\\]sqlalchemy[/\\]orm[/\\]")


@contextmanager
def own_words() -> Iterator[None]:
    """Meanwhile a warning is shown if it is about a line of the user's, or about the models.

    What warns of the libraries' own work, for us, nobody but us can do anything about.
    """
    said: set[str] = set()

    def show(message: Warning | str, *more: Any) -> None:
        place = _place(inspect.currentframe())
        if place is None:
            return
        text = " ".join(_BACKGROUND.sub("", str(message)).split()).rstrip(".")
        text = f"{text}{place}."
        if text not in said:
            said.add(text)
            output.warn(text)

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def _place(frame: FrameType | None) -> str | None:
    """`` (FILE, line N)`` of the user's code under way; empty if it is about the models as such."""
    models = False
    while frame is not None and not is_entry(frame.f_code):
        file = frame.f_code.co_filename
        if is_users(file):
            return f" ({file}, line {frame.f_lineno})"
        models = models or _MODELS.search(file) is not None
        frame = frame.f_back
    return "" if models else None

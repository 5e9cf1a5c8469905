"""Which entries of DATABASES a command is for."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import islice

from ..conf import Settings
from ..errors import UsageError, did_you_mean

_SHOWN = 20


def names_several(text: str) -> bool:
    """Whether ``text`` may be more than the alias of one database: a list, or a pattern."""
    return any(sign in text for sign in ",*?[")


def chosen(settings: Settings, text: str | None) -> list[str]:
    """The aliases that ``text`` names, in the order of DATABASES; all for None.

    It is aliases and patterns, separated by commas. Raises UsageError for a part that names
    none.
    """
    known = list(settings.databases)
    if text is None:
        return known
    if text in settings.databases:
        return [text]
    found: set[str] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        names = [alias for alias in known if alias == part or fnmatchcase(alias, part)]
        if not names:
            raise UsageError(
                f"No database '{part}' in DATABASES of {settings.file}."
                + did_you_mean(part, known),
                f"Known: {some(known)}.",
            )
        found.update(names)
    return [alias for alias in known if alias in found]


def some(names: Iterable[str]) -> str:
    """``names`` separated by commas, the first of them where there are many."""
    names = list(names)
    more = len(names) - _SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return ", ".join(islice(names, _SHOWN)) + rest

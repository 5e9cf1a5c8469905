"""Names of a settings module, each read and checked for its type."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import SettingsError

_PATH = (str, os.PathLike)


class SettingsReader(NamedTuple):
    """Reads names of a module, or keys of an entry of it, and rejects values of the wrong type.

    ``entry``: what messages write before a key, as ``DATABASES['default']``.
    """

    values: Mapping[str, Any]
    file: Path
    entry: str = ""

    def over(self, general: SettingsReader) -> SettingsReader:
        """These keys, and those of ``general`` where a key is missing here."""
        return self._replace(values={**general.values, **self.values})

    def spelled(self, name: str) -> str:
        """A name as messages spell it."""
        return f"{self.entry}[{name!r}]" if self.entry else name

    def wrong(self, name: str, expected: str, value: object) -> SettingsError:
        secret = self.spelled(name).startswith("DATABASES") and not isinstance(value, bool | int)
        shown = "" if secret else f" ({value!r})"  # may hold a password
        return SettingsError(
            f"{self.file}: {self.spelled(name)} must be {expected}, not "
            f"{type(value).__name__}{shown}."
        )

    def get(self, name: str, default: Any) -> Any:
        return self.values.get(name, default)

    def require(self, name: str, value: Any, kind: Any, expected: str) -> Any:
        """``value``, which must be of a type."""
        if not isinstance(value, kind):
            raise self.wrong(name, expected, value)
        return value

    def path(self, name: str, default: str) -> Path:
        return Path(self.require(name, self.get(name, default), _PATH, "a path"))

    def text(self, name: str, default: str | None, expected: str = "a string") -> str | None:
        """A string that is not empty; None where ``default`` is."""
        value = self.get(name, default)
        if value is None and default is None:
            return None
        found: str = self.require(name, value, str, expected)
        if not found:
            raise self.wrong(name, expected, found)
        return found

    def choice(self, name: str, choices: tuple[str, ...], more: str = "") -> str:
        """One of ``choices``, the first by default; ``more``: what else is expected."""
        value = self.get(name, choices[0])
        if value not in choices:
            expected = " or ".join(f'"{choice}"' for choice in choices) + more
            raise self.wrong(name, expected, value)
        return str(value)

    def dotted(self, name: str, what: str) -> str | None:
        """``"package.module:name"``, None where it is not set."""
        expected = f'{what}, as "package.module:name"'
        value = self.text(name, None, expected)
        if value is not None and not is_dotted(value):
            raise self.wrong(name, expected, value)
        return value

    def objects(self, name: str, what: str) -> tuple[str, ...]:
        """Several of those."""
        for value in (found := self.strings(name, ())):
            if not is_dotted(value):
                raise self.wrong(name, f'{what}, as "package.module:name"', value)
        return found

    def paths(self, name: str, default: tuple[str, ...]) -> tuple[Path, ...]:
        return tuple(Path(item) for item in self._list(name, default, _PATH, "a list of paths"))

    def strings(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        return self._list(name, default, str, "a list of strings")

    def _list(self, name: str, default: Any, kind: Any, expected: str) -> tuple[Any, ...]:
        value = self.require(name, self.get(name, default), list | tuple, expected)
        return tuple(self.require(name, item, kind, expected) for item in value)

    def flag(self, name: str, default: bool) -> bool:
        return bool(self.require(name, self.get(name, default), bool, "True or False"))

    def seconds(self, name: str, default: float) -> float:
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise self.wrong(name, "a number of seconds, 0 or more", value)
        return float(value)


def is_dotted(name: str) -> bool:
    """Whether ``name`` is one of an object in a module: ``package.module:name.of.it``."""
    return re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", name) is not None

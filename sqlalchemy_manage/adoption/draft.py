"""The settings that a project is going to have: what differs from the defaults, and why."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from ..conf import Settings, settings_from
from .urls import NOWHERE, UrlSource, repr_of


@dataclass(frozen=True)
class Place:
    """A path as the settings spell it: below BASE_DIR, below a package, or absolute."""

    path: Path
    base: str
    below: str

    @property
    def expression(self) -> str:
        """As a Path, or a string for an absolute one."""
        if not self.base:
            return repr_of(str(self.path))
        return self.base if self.below == "." else f"{self.base} / {repr_of(self.below)}"

    @property
    def short(self) -> str:
        """Where a path is relative to the settings: without BASE_DIR."""
        return repr_of(self.below) if self.base == "BASE_DIR" else self.expression


@dataclass
class SettingsDraft:
    """The settings of ``root``; ``notes``: the comment above a name of them.

    ``values`` are by name, a Place for a path. ``packages``: constants that are folders of
    installed packages. ``paths``: what has to be on the path. ``function``: the text of one
    that a value names.
    """

    root: Path
    about: str
    source: UrlSource = NOWHERE
    values: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    paths: list[Place] = field(default_factory=list)
    function: str = ""

    def place(self, path: Path) -> Place:
        """How ``path`` is spelled: so that the settings are right on another machine too."""
        path = Path(os.path.abspath(path))
        if path.is_relative_to(self.root):
            return Place(path, "BASE_DIR", path.relative_to(self.root).as_posix())
        for folder in path.parents:
            if (folder / "__init__.py").exists() and not (folder.parent / "__init__.py").exists():
                spec = find_spec(folder.name)
                if spec is not None and spec.origin == str(folder / "__init__.py"):
                    constant = f"{folder.name.upper()}_DIR"
                    self.packages[constant] = folder.name
                    return Place(path, constant, path.relative_to(folder).as_posix())
        return Place(path, "", str(path))

    def settings(self, url: str | None, environ: Mapping[str, str]) -> Settings:
        """What they are read as, with ``url`` as that of the default database.

        Raises SettingsError for what cannot be right.
        """
        module = ModuleType("settings")
        module.__file__ = str(self.root / "settings.py")
        values = {name: _plain(value) for name, value in self.values.items()}
        vars(module).update(values, DATABASES={"default": {"URL": url or "sqlite://"}})
        if self.function:
            exec(self.function, vars(module))
            sys.modules["settings"] = module  # a value names the function so
        return settings_from(module, {k: v for k, v in environ.items() if k != "DATABASE_URL"})


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return value.path
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value

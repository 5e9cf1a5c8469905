"""Apps: packages found by name, and what is imported of them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from .conf import failing_line, raised
from .errors import AppError, ManageError


class App(NamedTuple):
    """A package with models, its folder, and the last part of its name as label.

    ``alone``: it is a module beside others, as ``models.py`` of a project without packages.
    """

    name: str
    path: Path
    alone: bool = False

    @property
    def label(self) -> str:
        return self.name.rpartition(".")[2]

    def dotted(self, part: str) -> str:
        """The name of the module ``part`` (``models``, ``tests.factories``) of it."""
        return part if self.alone else f"{self.name}.{part}"

    def has(self, module: str) -> bool:
        """Whether a module is that package or in it."""
        return module == self.name or module.startswith(f"{self.name}.")


def find_package(name: str) -> Path | None:
    """The folder of a package, not imported (a dotted name does import its parents).

    None if there is no such package; raises AppError if a parent raises.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    except Exception as error:
        raise AppError(f"The package of '{name}' cannot be imported: {raised(error)}.") from error
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin).parent if spec.origin else None


def top_level(module: str) -> App:
    """The top-level package, or the module beside others, that a module is in."""
    name = module.partition(".")[0]
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # __main__
        spec = None
    is_package = spec is not None and spec.submodule_search_locations is not None
    return App(name, find_package(name) or Path(), alone=not is_package)


def app_packages() -> list[str]:
    """Top-level packages in the current folder: what INSTALLED_APPS could have meant."""
    return [p.parent.name for p in Path.cwd().glob("*/models.py") if str(p) not in sys.path]


def import_part(app: App, part: str) -> ModuleType | None:
    """The module ``part`` of an app, None if it has none; see ``Project.app_module``."""
    name = app.dotted(part)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            return None
        raise AppError(
            f"{name} imports '{error.name}', which is not installed{failing_line(error)}."
        ) from error
    except ManageError as error:
        message = error.message.rstrip(".")
        raise AppError(f"{name}: {message}{failing_line(error)}.", error.hint) from error
    except Exception as error:
        raise AppError(
            f"{name} cannot be imported: {type(error).__name__}: {error}{failing_line(error)}."
        ) from error

"""The Alembic configuration that a folder has: an ini, a pyproject.toml, or env.py alone."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from configparser import Error, RawConfigParser
from pathlib import Path
from typing import NamedTuple

from .. import advice
from ..errors import ManageError, UsageError

_DEPTH = 5
_SKIPPED = ("node_modules", "site-packages", "__pycache__", "build", "dist", "templates")


class FoundConfig(NamedTuple):
    """``path``: of the ini or the pyproject.toml; None where there is only a ``folder`` with
    env.py. ``name``: ``package.module:name`` of what makes the configuration instead."""

    path: Path | None
    section: str = "alembic"
    folder: Path | None = None
    name: str | None = None

    @property
    def shown(self) -> str:
        section = "" if self.section == "alembic" else f" [{self.section}]"
        return f"{self.name or self.path or self.folder}{section}"


class SeveralConfigs(ManageError):
    """There are several configurations, and which one is meant has to be said."""

    exit_code = 2


def named_config(path: Path, section: str | None) -> FoundConfig:
    """The configuration at ``path``: a file, or a folder with env.py or with such a file.

    Raises UsageError if there is none.
    """
    path = Path(os.path.abspath(path))
    if path.is_dir():
        found = _of_folder(path, section)
        if found is not None:
            return found
        if (path / "env.py").is_file():
            return FoundConfig(None, folder=path)
        raise UsageError(f"{path} has neither an alembic.ini nor an env.py.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    return FoundConfig(path, section or _section(path))


def found_config(folder: Path, section: str | None) -> FoundConfig | None:
    """The one configuration in ``folder`` or below it; None if there is none.

    What is in ``folder`` itself wins. Raises SeveralConfigs.
    """
    if (own := _of_folder(folder, section)) is not None:
        return own
    below = [each for path in folders_below(folder) if (each := _of_folder(path, section))]
    if not below:
        bare = [path for path in [folder, *folders_below(folder)] if _has_scripts(path)]
        below = [FoundConfig(None, folder=path) for path in bare]
    if len(below) > 1:
        lines = [
            advice.LAY_OVER_CONFIG(path=os.path.relpath(e.path or e.folder or folder))
            for e in below
        ]
        raise SeveralConfigs(
            f"There are {len(below)} Alembic configurations below {folder}. Nothing was written.",
            "Name one of them:\n" + "\n".join(f"  {line}" for line in lines),
        )
    return below[0] if below else None


def ini_sections(path: Path) -> dict[str, dict[str, str]]:
    """Each section of an ini with its options as they are written; none of what is no ini."""
    parser = RawConfigParser()
    try:
        parser.read([path], encoding="utf-8")
    except (Error, OSError, UnicodeDecodeError):
        return {}
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _of_folder(folder: Path, section: str | None) -> FoundConfig | None:
    ini = folder / "alembic.ini"
    if ini.is_file():
        return FoundConfig(ini, section or _section(ini))
    if _has_table(folder / "pyproject.toml"):
        return FoundConfig(folder / "pyproject.toml", section or "alembic")
    others = [path for path in sorted(folder.glob("*.ini")) if _sections_with_scripts(path)]
    return FoundConfig(others[0], section or _section(others[0])) if len(others) == 1 else None


def _has_table(path: Path) -> bool:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    own = found.get("tool", {}).get("alembic")
    return isinstance(own, dict) and "script_location" in own


def _sections_with_scripts(path: Path) -> list[str]:
    return [name for name, own in ini_sections(path).items() if "script_location" in own]


def _section(path: Path) -> str:
    """The section to read: ``alembic``, or the only one that names scripts.

    Raises UsageError where there are several.
    """
    found = _sections_with_scripts(path) if path.suffix != ".toml" else []
    if "alembic" in found or not found:
        return "alembic"
    if len(found) > 1:
        raise UsageError(
            f"{path} has no section [alembic], but {', '.join(f'[{name}]' for name in found)}.",
            f"Name one of them, as alembic -n does: {advice.LAY_OVER_SECTION(name=found[0])}",
        )
    return found[0]


def _has_scripts(folder: Path) -> bool:
    """Whether it is a folder of Alembic's: an env.py that speaks of it, and revisions."""
    env = folder / "env.py"
    try:
        text = env.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "alembic" in text and "run_env" not in text and (folder / "versions").is_dir()


def folders_below(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """The folders of the project's own below ``folder``, sorted; no environments of Python."""
    if not depth:
        return
    try:
        names = sorted(each.name for each in folder.iterdir() if each.is_dir())
    except OSError:
        return
    for name in names:
        path = folder / name
        if name.startswith(".") or name in _SKIPPED or (path / "pyvenv.cfg").exists():
            continue
        if not path.is_symlink():
            yield path
            yield from folders_below(path, depth - 1)

"""The project's own formatter, ruff or black: a new revision is formatted by it, if it is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import MigrationError

_COMMANDS = {
    # ruff sorts the imports too, and drops those that are not used.
    "ruff": (
        ("check", "--select", "I,F401", "--fix", "--exit-zero", "--quiet", "-"),
        ("format", "--quiet", "-"),
    ),
    "black": (("--quiet", "-"),),
}
_SECONDS = 60


def line_length(root: Path) -> int:
    """The length of a line that the project gives its formatter; 88, as ruff and black, if none."""
    lengths = (table.get("line-length") for _, table in _configured(root))
    return next((length for length in lengths if isinstance(length, int)), 88)


def formatter(root: Path) -> str | None:
    """The formatter that the project configures, else one that is installed; None without one."""
    names = [*(name for name, _ in _configured(root)), *_COMMANDS]
    return next((name for name in names if _command(name)), None)


def configured_formatter(root: Path) -> str | None:
    """The formatter that the project configures; None if it configures none."""
    return next((name for name, _ in _configured(root) if _command(name)), None)


def formatted(text: str, name: str, root: Path, *, unused: bool = False) -> str:
    """``text`` as the formatter ``name`` writes it in the folder ``root``.

    ``unused``: imports that are not used stay.

    Raises MigrationError when the formatter fails.
    """
    try:
        for arguments in _COMMANDS[name]:
            options = [each.removesuffix(",F401") if unused else each for each in arguments]
            done = subprocess.run(
                [*_command(name), *options],
                input=text,
                capture_output=True,
                check=True,
                cwd=root,
                encoding="utf-8",
                timeout=_SECONDS,
            )
            text = done.stdout
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # The last line has the reason; what is above it may be a traceback.
        lines = [s.strip() for s in (getattr(error, "stderr", None) or str(error)).splitlines()]
        said = next((line for line in reversed(lines) if line.strip("|^- ")), "")
        raise MigrationError(f"{name} did not format the revision: {said}") from error
    return text


def _configured(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The formatters with their tables in configuration files, the nearest first."""
    for folder in (root, *root.parents):
        for file in ("pyproject.toml", "ruff.toml", ".ruff.toml"):
            try:
                table = tomllib.loads((folder / file).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            tools = table.get("tool", {}) if file == "pyproject.toml" else {"ruff": table}
            # Where both are configured, ruff is there to check.
            yield from ((name, tools[name]) for name in ("black", "ruff") if name in tools)
        if (folder / ".git").exists():
            break


def _command(name: str) -> list[str]:
    """How to run an installed program; empty if it is not. Beside Python it is of this project."""
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)))
    if found := shutil.which(name, path=path):
        return [found]
    # -P: not what a module of the project with that name would be.
    return [sys.executable, "-P", "-m", name] if find_spec(name) else []

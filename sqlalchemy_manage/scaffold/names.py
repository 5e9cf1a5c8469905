"""What a project or an app may be called: as a package that hides no other module."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import keyword
import os
import re
import sys
from collections.abc import Collection
from pathlib import Path

from ..errors import UsageError

RESERVED = ("backups", "conftest", "fixtures", "manage", "migrations", "settings", "tests")
"""What a project has of that name already, or will have."""

_LONGEST = 40  # the names of tables and constraints begin with it; PostgreSQL takes 63 bytes


def require_name(name: str, what: str, example: str, own: Collection[Path] = ()) -> None:
    """Raises UsageError unless ``name`` can be that of a new ``what`` (``project``, ``app``).

    ``example``: the command with a good name. ``own``: folders whose modules do not count, since
    the new package takes their place.
    """
    shown = name if name.isprintable() and len(name) < 100 else f"{ascii(name)[1:60]}..."
    if not name:
        raise UsageError(f"The name of the {what} is empty.", f"For example: {example}")
    if "/" in name or os.sep in name or name in (".", ".."):
        raise UsageError(
            f"'{shown}' is a path, and not the name of a package.",
            f"The folder comes after the name: {example} FOLDER",
        )
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        near = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()
        near = f" Did you mean '{near}'?" if re.fullmatch(r"[a-z]\w{0,39}", near) else ""
        raise UsageError(
            f"'{shown}' cannot be the name of a package: it has to begin with a letter, and to "
            f"have only the letters a to z, digits and _.{near}"
        )
    if len(name) > _LONGEST:
        raise UsageError(
            f"'{shown}' is too long: the names of tables begin with it, so {_LONGEST} letters "
            "are the most."
        )
    if keyword.iskeyword(name):
        raise UsageError(f"'{name}' is a keyword of Python, which no module can have for a name.")
    if name.lower() in RESERVED:
        raise UsageError(
            f"'{name}' is what a project has already: {', '.join(RESERVED)}. Use another name."
        )
    if (where := _importable(name, own)) is not None:
        raise UsageError(
            f"'{name}' is the name of a module that can be imported here ({where}), and would "
            "hide it. Use another name."
        )


def _importable(name: str, own: Collection[Path]) -> str | None:
    """Where the module of that name comes from; None if there is none."""
    if name in sys.stdlib_module_names or name in sys.builtin_module_names:
        return "of Python itself"
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.origin is None:
        # A folder without __init__.py: a package takes its place, unless it is installed.
        folders = [Path(each).resolve() for each in spec.submodule_search_locations or ()]
        ours = {Path.cwd(), *(path.resolve() for path in own)}
        if all(folder in ours or folder.parent in ours for folder in folders):
            return None
        return ", ".join(map(str, folders))
    return spec.origin


def class_name(name: str) -> str:
    """``stock_items`` as the name of a class: ``StockItems``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))

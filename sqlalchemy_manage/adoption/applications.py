"""The application that an env.py asks for: which function of the project makes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .sources import SourceModule, modules_in


def package_root(folder: Path) -> tuple[Path, str]:
    """The package around ``folder`` and its name; ``folder`` and no name if there is none."""
    top = None
    for each in (folder, *folder.parents):
        if (each / "__init__.py").exists():
            top = each
        elif top is not None:
            break
    return (top, top.name) if top is not None else (folder, "")


def flask_factory(folder: Path, root: Path, environ: Mapping[str, str]) -> str | None:
    """``package.module:create_app`` of the application, as ``flask`` itself would find it.

    FLASK_APP comes first, then functions that make one, then an ``app``. ``folder``: of env.py.
    """
    named = environ.get("FLASK_APP") or _flaskenv(root)
    modules = project_modules(folder, root)
    if named:
        name, _, path = named.removesuffix(".py").replace("/", ".").partition(":")
        path = path.removesuffix("()")
        known = next((m for m in modules if m.name == name), None)
        if path or known is not None:
            return f"{name}:{path or (known.apps[0] if known and known.apps else 'app')}"
    factories = [
        f"{m.name}:{a}" for m in modules for a in m.apps if a not in ("app", "application")
    ]
    objects = [f"{m.name}:{a}" for m in modules for a in m.apps]
    return next(iter([*factories, *objects]), None)


def project_modules(folder: Path, root: Path) -> list[SourceModule]:
    """The modules of the project that ``folder`` belongs to: of its package, else below root."""
    if folder.is_relative_to(root):
        source = root / "src"
        found = modules_in(root)
        if source.is_dir():
            found = [m for m in found if not m.name.startswith("src.")] + modules_in(source)
        return found
    around, name = package_root(folder.parent)
    return modules_in(around, name)


def _flaskenv(root: Path) -> str | None:
    for name in (".flaskenv", ".env"):
        try:
            text = (root / name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        if found := re.search(r"^\s*(?:export\s+)?FLASK_APP\s*=\s*[\"']?([\w.:/]+)", text, re.M):
            return found[1]
    return None

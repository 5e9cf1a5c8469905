"""Django-style management commands for plain SQLAlchemy.

The public names are imported when first used, so that ``manage.py --help``
pays for none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .errors import ManageError, OpenQuestion
    from .ini_url import alembic_url
    from .migrations.environment import run_env
    from .verbs.project import Project

__all__ = [
    "ManageError",
    "OpenQuestion",
    "Project",
    "__version__",
    "alembic_url",
    "main",
    "run_env",
]

_HOMES = {
    "ManageError": "errors",
    "OpenQuestion": "errors",
    "alembic_url": "ini_url",
    "Project": "verbs.project",
    "run_env": "migrations.environment",
}


def main(argv: list[str] | None = None, prog_name: str | None = None) -> int:
    """Run one command line; return its exit code."""
    try:
        from .cli import main as run

        return run(argv, prog_name)
    except KeyboardInterrupt:  # while it was imported: nothing is done, nor is there what says so
        return 130


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)

"""version: of the tool and of the libraries it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import json_option

if TYPE_CHECKING:
    from ..project import Project

_PARTS = ("SQLAlchemy", "alembic", "factory_boy", "click", "rich", "IPython", "pytest")
_DRIVERS = ("psycopg", "psycopg2", "asyncpg", "PyMySQL", "mysqlclient", "mysql-connector-python")


@click.command()
@json_option("Print JSON: name -> version, null if not installed; drivers separately.")
@click.pass_obj
def command(project: Project, as_json: bool) -> None:
    """Print the version of the tool.

    With -v 2, also the versions of Python, SQLAlchemy and the other libraries.

    \b
    Example:
      manage.py version
      manage.py version -v 2
      manage.py version --json
    """
    from .._version import __version__

    if project.verbosity < 2 and not as_json:
        output.answer(__version__)
        return
    import platform
    import sqlite3

    parts = {"sqlalchemy-manage": __version__, "Python": platform.python_version()}
    found = parts | {name: installed(name) for name in _PARTS}
    drivers = {"sqlite3": sqlite3.sqlite_version} | {
        name: version for name in _DRIVERS if (version := installed(name))
    }
    if as_json:
        output.answer_json(found | {"drivers": drivers})
        return
    for name, version in (found | drivers).items():
        output.answer(f"{name:<22}  {version or 'not installed'}")


def installed(name: str) -> str | None:
    """The version of an installed distribution, None if there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None

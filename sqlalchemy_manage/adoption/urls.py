"""Where a project's database URL comes from, and how settings read it from there too.

No password is written into the settings: they name the file or the variable that has it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import ManageError
from ..ini_url import OPTION, alembic_url, ini_options
from .configs import FoundConfig

PLACEHOLDER = re.compile(r"driver://|://user:pass(word)?@localhost/dbname|\{\w*\}|<\w+>")


class UrlSource(NamedTuple):
    """``expression``: what the settings say, None for nothing. ``url``: what it is now, None
    if it cannot be told. ``origin``: in words. ``helper``: the function that it calls."""

    expression: str | None
    url: str | None
    origin: str
    helper: str | None = None


OF_ENV = "as env.py has it"
NOWHERE = UrlSource(None, None, "DATABASE_URL has to be set in the environment")


def of_config(config: FoundConfig, spelled: str, environ: Mapping[str, str]) -> UrlSource | None:
    """The URL of an ini, which the settings go on reading from it; None if it has none.

    ``spelled``: the path of the ini as the settings spell it.
    """
    if config.path is None or config.name is not None:
        return None
    path = config.path
    if path.suffix == ".toml":
        path = path.with_name("alembic.ini")
        if not path.is_file():
            return None
    try:
        raw = ini_options(path, config.section).get(OPTION, "")
    except ManageError:
        return None
    if not raw.strip("\"' ") or PLACEHOLDER.search(raw):
        return None
    section = "" if config.section == "alembic" else f', "{config.section}"'
    expression = f"alembic_url({spelled}{section})"
    try:
        url: str | None = alembic_url(path, config.section, environ)
        make_url(url or "")
    except ManageError as error:
        return UrlSource(expression, None, error.message, "alembic_url")
    except ArgumentError:
        return None
    return UrlSource(expression, url, f"{OPTION} of {path.name}", "alembic_url")


def of_environment(url: URL, environ: Mapping[str, str], root: Path) -> UrlSource | None:
    """The variable of the environment that has ``url``; None if there is none."""
    from ..migrations.foreign_env.same_database import same_database

    for name, value in sorted(environ.items()):
        if "://" not in value or name == "DATABASE_URL":
            continue
        with suppress(ArgumentError, ValueError):
            if same_database(make_url(value), url, root):
                return UrlSource(f'os.environ["{name}"]', value, f"{name} in the environment")
    return None


def written_out(url: URL, root: Path) -> UrlSource | None:
    """``url`` itself, without which the settings cannot say it; None if it has a password."""
    if url.password is not None or any("pass" in key or "pwd" in key for key in url.query):
        return None
    text = url.render_as_string(hide_password=False)
    file = url.database or ""
    if url.get_backend_name() == "sqlite" and os.path.isabs(file):
        path = Path(file)
        if path.is_relative_to(root):
            text = str(url.set(database=path.relative_to(root).as_posix()))
    return UrlSource(repr_of(text), url.render_as_string(hide_password=False), OF_ENV)


def repr_of(text: str) -> str:
    """``text`` as a Python literal in double quotes."""
    import json

    return json.dumps(text, ensure_ascii=False)

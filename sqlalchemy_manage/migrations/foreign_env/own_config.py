"""Alembic's Config as the project has it: its own file and section, or what makes it."""

from __future__ import annotations

import copy
import importlib
from argparse import Namespace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config

from ...conf import raised
from ...errors import SettingsError

if TYPE_CHECKING:
    from ...project import Project

TEMPLATES = Path(str(files("sqlalchemy_manage.migrations") / "templates"))
"""Our own env.py and script.py.mako."""

_STUB = TEMPLATES / "stub.ini"


def own_config(project: Project) -> Config:
    """A new Config from the project's own file, with its x arguments; a stub where it has none.

    Raises SettingsError for a file that is missing, or has no such section.
    """
    kept = project.migrations
    config = _made(project, kept.config_object) if kept.config_object else _read(project)
    config.cmd_opts = Namespace(
        cmd=(command.upgrade, ["revision"], ["sql", "tag"]),
        config=config.config_file_name,
        name=config.config_ini_section,
        x=[*kept.x, *project.x] or None,
        quiet=True,
        verbose=False,
        raiseerr=False,
        revision="head",
        sql=False,
        tag=None,
        autogenerate=False,
    )
    return config


def _read(project: Project) -> Config:
    kept = project.migrations
    if kept.config is None:
        return Config(str(_STUB))
    if not kept.config.is_file():
        raise SettingsError(
            f"There is no file {kept.config}, which ALEMBIC of {project.settings.file} names."
        )
    if kept.config.suffix == ".toml":
        return Config(toml_file=str(kept.config), ini_section=kept.section)
    beside = kept.config.with_name("pyproject.toml")
    toml = str(beside) if beside.is_file() else None
    config = Config(str(kept.config), toml_file=toml, ini_section=kept.section)
    if not config.file_config.has_section(kept.section):
        raise SettingsError(
            f"{kept.config} has no section [{kept.section}].",
            f"Name the section in {project.settings.file}: "
            f'ALEMBIC = {{"CONFIG": {kept.config.name!r}, "SECTION": ...}}.',
        )
    return config


def _made(project: Project, name: str) -> Config:
    """What ``package.module:name`` is, or returns."""
    module, _, path = name.partition(":")
    setting = f"ALEMBIC of {project.settings.file}"
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        made = found if isinstance(found, Config) else found()
    except Exception as error:  # the project's own code
        raise SettingsError(f"{setting}: '{name}' cannot be had: {raised(error)}.") from error
    if not isinstance(made, Config):
        raise SettingsError(
            f"{setting}: '{name}' is no Config of Alembic, but {type(made).__name__}."
        )
    # It may be one object for all, and has options set from here on.
    mine = copy.copy(made)
    mine.__dict__["file_config"] = copy.deepcopy(made.file_config)
    mine.__dict__["attributes"] = dict(made.attributes)
    return mine

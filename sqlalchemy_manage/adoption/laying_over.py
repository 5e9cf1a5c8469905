"""manage.py and settings.py, laid over a project that is there already."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .. import advice
from ..errors import ManageError
from ..migrations.revisions.history import History
from ..project import Project
from ..scaffold.new_files import NewFile, filled
from ..scaffold.placing import NotLaidDown, lay_down, taken
from .alembic_project import AlembicProject
from .beginnings import assumed_table, unmade_table
from .configs import FoundConfig, found_config, named_config
from .database import look_at
from .environment import read_environment
from .model_project import survey_models
from .settings_text import settings_text
from .survey import Survey

FILES = ("manage.py", "settings.py")


def survey_folder(
    root: Path, config: str | None, section: str | None, environ: Mapping[str, str]
) -> Survey:
    """What is found in ``root``: its Alembic configuration, or ``config``, else its models.

    Nothing is written, and the database is only read. Raises UsageError or SeveralConfigs for
    a configuration that cannot be told, and NotLaidDown where manage.py or settings.py exist.
    """
    if not root.is_dir():
        raise NotLaidDown(f"There is no folder {root}.")
    if there := taken(root, [NewFile(name, "") for name in FILES]):
        raise NotLaidDown(
            f"{root / there[0]} exists already, and is not replaced. Nothing was written.",
            f"Another folder will do too: {advice.LAY_OVER_FOLDER(path='manage')}",
        )
    found: FoundConfig | None
    if config is not None and ":" in config and not os.path.exists(config):
        found = FoundConfig(None, section or "alembic", name=config)
    elif config is not None:
        found = named_config(Path(config), section)
    else:
        found = found_config(root, section)
    if found is None:
        survey = survey_models(root, environ)
        if survey.kind == "models":
            _database(survey, None, None, environ)
    else:
        survey = _survey_alembic(root, found, environ)
    return survey.without_places()


def lay_over(survey: Survey) -> list[Path]:
    """Write manage.py and settings.py, both or none; returns their paths. Raises NotLaidDown."""
    words = {"project": "", "app": "", "version": ""}
    manage = next(file for file in filled("project", words) if file.path == "manage.py")
    new = [manage, NewFile("settings.py", settings_text(survey.draft))]
    return lay_down(survey.folder, new)


def _survey_alembic(root: Path, config: FoundConfig, environ: Mapping[str, str]) -> Survey:
    found = AlembicProject(root, config, environ)
    survey = found.survey
    history = found.history() if found.folder is not None else None
    read_environment(found)
    _database(survey, found, history, environ)
    if history is not None and (why := _incomplete(history, survey)):
        found.draft.values["NEW_DATABASE"] = "create_all"
        found.draft.notes["NEW_DATABASE"] = (
            f"No revision makes the table {why}: a new database is made from the models, and "
            "marked as being at the head."
        )
        survey.facts["new database"] = "create_all and a stamp"
    return survey


def _incomplete(history: History, survey: Survey) -> str | None:
    """The table that the revisions do not make, in words, where they do not make all."""
    if assumed := assumed_table(history.revisions):
        return f"{assumed.table}, which {assumed.revision} changes"
    unmade = unmade_table(history.revisions, survey.tables, survey.stored)
    return f"{unmade} of the models" if history.by_id and unmade else None


def _database(
    survey: Survey,
    found: AlembicProject | None,
    history: History | None,
    environ: Mapping[str, str],
) -> None:
    url = environ.get("DATABASE_URL") or survey.draft.source.url
    if url is None:
        survey.facts["database"] = survey.draft.source.origin
        return
    try:
        project = found.project if found is not None else Project()
        project.__dict__["settings"] = survey.draft.settings(url, environ)
        look_at(project, history, survey)
    except ManageError as error:
        survey.problems.append(error.message)

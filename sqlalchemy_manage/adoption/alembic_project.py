"""An Alembic project: its configuration, history and env.py, as settings say them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..alembic_settings import AlembicConfig
from ..errors import ManageError, SettingsError
from ..fitting import count
from ..migration_settings import VERSION_TABLE
from ..migrations.revisions.locations import (
    BELOW,
    going_on_below,
    passed_over,
    project_revisions,
    version_folders_of,
    what_goes_on,
)
from ..project import Project
from . import applications, urls
from .configs import FoundConfig, folders_below
from .draft import SettingsDraft
from .env_source import EnvSource, read_env
from .habits import habit, labels_of_heads, revision_ids
from .survey import Survey

if TYPE_CHECKING:
    from ..migrations.revisions.history import History

ABOUT = "Settings of manage.py, for a project that has Alembic already."


_ALEMBIC_CONFIG = '''\
def alembic_config():
    """What advanced-alchemy's own commands give to env.py."""
    from advanced_alchemy.alembic.commands import AlembicCommands
    from {module} import {name}

    return AlembicCommands(sqlalchemy_config={name}).config
'''


class AlembicProject:
    """A configuration looked into step by step; each adds to ``survey``."""

    def __init__(self, root: Path, config: FoundConfig, environ: Mapping[str, str]) -> None:
        self.root = root
        self.config = config
        self.environ = environ
        self.draft = SettingsDraft(root, ABOUT)
        self.survey = Survey(root, "alembic", self.draft)
        self.folder = self._folder()
        self.env = read_env(self.folder / "env.py") if self.folder else EnvSource()
        self._url()
        self._application()

    @property
    def project(self) -> Project:
        """The project as its settings are so far; raises SettingsError."""
        project = Project()
        url = self.environ.get("DATABASE_URL") or self.draft.source.url
        project.__dict__["settings"] = self.draft.settings(url, self.environ)
        project.interactive = False
        return project

    @property
    def url_is_known(self) -> bool:
        return bool(self.environ.get("DATABASE_URL") or self.draft.source.url)

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Around what imports the project: its folders are on the path, its context is entered."""
        before = list(sys.path)
        sys.path[:0] = [str(self.root), *(str(place.path) for place in self.draft.paths)]
        try:
            with ExitStack() as stack:
                if "AROUND" in self.draft.values:
                    from ..around import entered

                    stack.enter_context(entered(self.project.settings))
                yield
        finally:
            sys.path[:] = before

    def _folder(self) -> Path | None:
        """The folder of env.py; a setting says it where the configuration alone does not."""
        config, draft, facts = self.config, self.draft, self.survey.facts
        if config.folder is not None:
            facts["configuration"] = "none, but a folder with env.py"
            draft.values["MIGRATIONS_DIR"] = draft.place(config.folder)
            return config.folder
        facts["configuration"] = config.shown
        if config.name is not None:
            draft.values["ALEMBIC"] = {"CONFIG": config.name}
        else:
            assert config.path is not None
            place = draft.place(config.path)
            section = {} if config.section == "alembic" else {"SECTION": config.section}
            draft.values["ALEMBIC"] = {"CONFIG": place, **section} if section else place
            self._paths(config.path)
        try:
            folder = self.project.migrations.folder
        except SettingsError as error:
            return self._folder_beside(error)
        return folder

    def _folder_beside(self, error: SettingsError) -> Path | None:
        """The one folder with env.py near a configuration whose script_location fails."""
        path = self.config.path
        beside = path.parent if path else self.root
        found = [f for f in (beside, *folders_below(beside, 3)) if (f / "env.py").is_file()]
        if len(found) != 1:
            self.survey.problems.append(f"{error.message} {error.hint or ''}".strip())
            return None
        self.draft.values["MIGRATIONS_DIR"] = self.draft.place(found[0])
        self.draft.notes["MIGRATIONS_DIR"] = error.message
        try:
            return self.project.migrations.folder
        except SettingsError as second:
            self.survey.problems.append(second.message)
            return None

    def _paths(self, path: Path) -> None:
        """prepend_sys_path, without which the settings would not find the models."""
        try:
            config = AlembicConfig(path, self.config.section)
            named = config.paths("prepend_sys_path", "path_separator")
        except SettingsError:
            return
        for each in (part for name in named for part in name.split(os.pathsep) if part):
            places = (Path(os.path.normpath(base / each)) for base in (path.parent, self.root))
            place = next((place for place in places if place.is_dir()), None)
            # A package is imported from the folder around it.
            if place is None or place == self.root or (place / "__init__.py").exists():
                continue
            if not place.is_relative_to(self.root) and os.path.normpath(each) == ".":
                continue  # where alembic is started, which is not in an installed package
            if place not in [known.path for known in self.draft.paths]:
                self.draft.paths.append(self.draft.place(place))

    def _url(self) -> None:
        if self.config.path is None:
            return
        ini = self.config.path
        if ini.suffix == ".toml":
            ini = ini.with_name("alembic.ini")
        spelled = self.draft.place(ini).expression
        found = urls.of_config(self.config, spelled, self.environ)
        if found is not None:
            self.draft.source = found

    def _application(self) -> None:
        """What env.py takes from an application: Flask's context, or advanced-alchemy's Config."""
        if self.folder is None:
            return
        if self.env.imports("advanced_alchemy") and self.config.name is None:
            self._advanced_alchemy()
        elif self.env.imports("flask"):
            found = applications.flask_factory(self.folder, self.root, self.environ)
            if found is None:
                self.survey.problems.append(
                    "env.py takes the models from the Flask application, and no function "
                    'create_app() was found. Name yours: AROUND = "package.module:create_app".'
                )
                return
            self.draft.values["AROUND"] = found
            self.draft.notes["AROUND"] = (
                "env.py asks for the application. It is made for every command, so what it does "
                "at its start, such as to migrate, it does then."
            )

    def _advanced_alchemy(self) -> None:
        """Its env.py takes all from a Config of its own, which its commands make."""
        assert self.folder is not None
        modules = applications.project_modules(self.folder, self.root)
        found = [(module.name, name) for module in modules for name in module.configs]
        if len(found) != 1:
            self.survey.problems.append(
                f"env.py is advanced-alchemy's, and {len(found) or 'no'} SQLAlchemyAsyncConfig or "
                "SQLAlchemySyncConfig was found: name a function that returns "
                "AlembicCommands(sqlalchemy_config=...).config in ALEMBIC."
            )
            return
        module, name = found[0]
        self.draft.function = _ALEMBIC_CONFIG.format(module=module, name=name)
        self.draft.values["ALEMBIC"] = {"CONFIG": "settings:alembic_config"}

    def history(self) -> History | None:
        """The revisions: where they are, what they are like; None if they cannot be found."""
        draft, facts, problems = self.draft, self.survey.facts, self.survey.problems
        try:
            project = self.project
            found = project_revisions(project)
            if not found.by_id and (elsewhere := passed_over(project)):
                kind = project.database.url.partition(":")[0].partition("+")[0]
                named = [folder for folder in elsewhere if folder.name == kind]
                many = [Path(os.path.commonpath(list(elsewhere))) / "**"]
                places = named or ([*elsewhere] if len(elsewhere) == 1 else many)
                draft.values["VERSION_LOCATIONS"] = [draft.place(place) for place in places]
                draft.notes["VERSION_LOCATIONS"] = (
                    "The folder of the database's kind." if named else "Below the usual folder."
                )
                project = self.project
                found = project_revisions(project)
        except ManageError as error:
            problems.append(error.message)
            return None
        kept = project.migrations
        folders = version_folders_of(kept)
        facts["revisions"] = count(len(found), "revision") + (
            f" in {count(len(folders), 'folder')}" if len(folders) > 1 else ""
        )
        if any(location.endswith(BELOW) for location in kept.locations):
            facts["revisions"] += ", subfolders too"
        if found.by_id:
            facts["ids"] = habit(found.by_id)
        problems += found.problems
        if further := going_on_below(project, found):
            problems.append(" ".join(what_goes_on(project, further)))
        template = bool(kept.config or kept.config_object) and kept.file_template != (
            "%(rev)s_%(slug)s"
        )
        if (ids := revision_ids(found, template)) is not None:
            draft.values["REVISION_IDS"] = ids
        self._heads(found)
        return found

    def _heads(self, history: History) -> None:
        draft, facts = self.draft, self.survey.facts
        if history.heads:
            facts["heads"] = ", ".join(history.heads)
        bases = [r.id for r in history.revisions if not r.down]
        if len(bases) > 1:
            facts["bases"] = ", ".join(bases)
        if labels := [label for r in history.revisions for label in r.labels]:
            facts["labels"] = ", ".join(dict.fromkeys(labels))
        if depending := sum(bool(r.depends_on) for r in history.revisions):
            facts["depends_on"] = count(depending, "revision")
        if len(history.heads) > 1 and not history.problems:
            of_heads = labels_of_heads(history)
            if all(of_heads):
                draft.values["HEADS"] = [label for label in of_heads if label]
                draft.notes["HEADS"] = "Branches that stay apart."
            else:
                self.survey.problems.append(
                    f"There are {len(history.heads)} heads, and not each has a label: they are "
                    "to be merged, or labelled and named in HEADS."
                )

    def version_table(self, schema: str | None, table: str) -> None:
        """Note where the versions are kept."""
        self.survey.facts["version table"] = f"{schema}.{table}" if schema else table
        if table != VERSION_TABLE:
            self.draft.values["VERSION_TABLE"] = table
        if schema:
            self.draft.values["VERSION_TABLE_SCHEMA"] = schema

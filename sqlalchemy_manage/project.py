"""The user's project: settings, apps, models, engine and sessions, loaded when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from . import output
from .conf import Settings, app_packages, failing_line, find_package, load_settings
from .database_settings import Database
from .errors import AppError, ManageError, UsageError, did_you_mean

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData, Table
    from sqlalchemy.orm import Mapper, Session

    from .migration_settings import MigrationSettings


class App(NamedTuple):
    """An installed app: a package name, its folder, and the last part of the name as label."""

    name: str
    path: Path

    @property
    def label(self) -> str:
        return self.name.rpartition(".")[2]


class Project:
    """One settings module and one database alias of it; every property is loaded once.

    Usable without the command line: ``Project("settings").session()``.
    """

    def __init__(self, settings_name: str | None = None, alias: str = "default") -> None:
        self.settings_name = settings_name
        self.alias = alias
        self.verbosity = 1
        self.interactive = True
        self.traceback = False

    def on(self, alias: str) -> Project:
        """The same project on another alias; what does not depend on the alias is loaded once."""
        other = Project(self.settings_name, alias)
        _ = self.settings
        for name in ("settings", "apps", "models_modules"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        for name in ("verbosity", "interactive", "traceback"):
            setattr(other, name, getattr(self, name))
        return other

    @cached_property
    def settings(self) -> Settings:
        settings = load_settings(self.settings_name)
        for warning in settings.warnings:
            output.warn(warning)
        return settings

    @property
    def database(self) -> Database:
        return self.settings.database(self.alias)

    @property
    def migrations(self) -> MigrationSettings:
        """How the history of the alias is kept."""
        return self.settings.migrations_of(self.alias)

    @cached_property
    def apps(self) -> list[App]:
        """The installed apps, found but not imported; raises AppError for a missing one."""
        apps = []
        for name in self.settings.installed_apps:
            path = find_package(name)
            if path is None:
                raise AppError(
                    f"INSTALLED_APPS of {self.settings.file} names '{name}', "
                    "but there is no such package." + did_you_mean(name, app_packages())
                )
            apps.append(App(name, path))
        return apps

    def app_module(self, app: App, part: str) -> ModuleType | None:
        """The module ``part`` of an app (``models``, ``factories``), None if it has none.

        Raises AppError naming the file and line when the module itself raises.
        """
        name = f"{app.name}.{part}"
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name and f"{name}.".startswith(f"{error.name}."):
                return None
            raise AppError(
                f"{name} imports '{error.name}', which is not installed{failing_line(error)}."
            ) from error
        except ManageError as error:
            message = error.message.rstrip(".")
            raise AppError(f"{name}: {message}{failing_line(error)}.", error.hint) from error
        except Exception as error:
            raise AppError(
                f"{name} cannot be imported: {type(error).__name__}: {error}{failing_line(error)}."
            ) from error

    @cached_property
    def models_modules(self) -> dict[str, ModuleType]:
        """App label -> its imported models module, for the apps that have one."""
        found = ((app.label, self.app_module(app, "models")) for app in self.apps)
        return {label: module for label, module in found if module is not None}

    @cached_property
    def metadatas(self) -> list[MetaData]:
        """Every MetaData that can be reached from an app's models, or from its ``ddl``.

        That module, where an app has it, declares views, functions and triggers.
        """
        modules = [*self.models_modules.values()]
        modules += [module for app in self.apps if (module := self.app_module(app, "ddl"))]
        if not modules:
            return []  # the ORM need not be imported
        from .models import reachable_metadatas, set_unmanaged

        found = reachable_metadatas(modules)
        set_unmanaged(found, self.settings.unmanaged)
        return found

    def leaves_alone(self, schema: str | None, name: str) -> bool:
        """Whether a table of the database (schema None: the default one) is another program's.

        A model says so with ``info={"managed": False}``, or the setting UNMANAGED.
        """
        from .models import names_table, unmanaged_tables

        if names_table(self.settings.unmanaged, schema, name):
            return True
        return (schema, name) in unmanaged_tables(self.metadatas)

    @cached_property
    def tables(self) -> list[Table]:
        """The managed tables, referred-to ones before those that refer to them."""
        from .models import sorted_tables

        return sorted_tables(self.metadatas)

    @cached_property
    def mappers(self) -> list[Mapper[Any]]:
        """The configured mappers of every mapped class, in the order of the tables.

        Raises AppError when a relationship cannot be resolved.
        """
        if not self.models_modules:
            return []
        from .models import mappers_of

        return mappers_of(self.models_modules.values(), self.tables)

    @cached_property
    def labels(self) -> dict[str, Table]:
        """``app.model`` or ``app.table`` in lower case -> the table that holds its rows."""
        from .models import table_labels

        return table_labels(
            self.mappers, self.tables, self.models_modules, self.label_of, self.apps[0].label
        )

    def find_model(self, name: str) -> Mapper[Any]:
        """The mapper of ``Model`` or ``app.Model``, in any case; raises UsageError."""
        label, _, wanted = name.rpartition(".")
        found = [
            mapper
            for mapper in self.mappers
            if mapper.class_.__name__.lower() == wanted.lower()
            and (not label or self.label_of(mapper) == label.lower())
        ]
        if len(found) == 1:
            return found[0]
        known = [m.class_.__name__ for m in self.mappers]
        if not found:
            raise UsageError(
                f"No model '{name}'." + did_you_mean(wanted, known),
                f"Known: {', '.join(known) or 'none'}.",
            )
        names = ", ".join(f"{self.label_of(m)}.{m.class_.__name__}" for m in found)
        raise UsageError(f"'{name}' is the name of several models: {names}.")

    def label_of(self, mapper: Mapper[Any]) -> str:
        """The label of the app whose package defines the mapped class, else of the first app."""
        module = mapper.class_.__module__
        for app in self.apps:
            if module == app.name or module.startswith(app.name + "."):
                return app.label
        return self.apps[0].label

    @cached_property
    def engine(self) -> Engine:
        """The engine of the alias, with foreign keys enforced on SQLite too."""
        from .databases.engines import app_engine

        return app_engine(self.database, self.settings.root)

    def close(self) -> None:
        """Close the engine's connections, if any were opened; the project stays usable."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection that is closed, and rolled back, at the end.

        Raises ConnectionFailed or DatabaseMissing in plain words.
        """
        from .databases.engines import connecting

        with connecting(self.engine) as connection:
            yield connection

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session on one connection of the alias; the caller commits."""
        from sqlalchemy.orm import Session

        with self.connect() as connection, Session(connection) as session:
            yield session

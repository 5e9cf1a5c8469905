"""The user's project: settings, apps, models, engine and sessions, loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import output
from .apps import App, app_packages, find_package, import_part, top_level
from .conf import Settings, load_settings
from .database_settings import Database
from .errors import AppError, UsageError, did_you_mean

if TYPE_CHECKING:
    from asyncio import Runner

    from sqlalchemy import Connection, Engine, MetaData, Table
    from sqlalchemy.orm import Mapper, Session

    from .metadata_setting import MetadataEntry
    from .migration_settings import MigrationSettings


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
        self.x: tuple[str, ...] = ()  # as -x of alembic, beside those of the settings
        self.runner: Runner | None = None
        """Of the event loop on which AROUND was entered, where that is async."""
        self._entered = False
        self.other_metadatas: Callable[[Project], Iterable[MetaData]] | None = None
        """Gives the metadata where neither INSTALLED_APPS nor METADATA names any."""

    def on(self, alias: str) -> Project:
        """The same project on another alias; what does not depend on the alias is loaded once."""
        other = Project(self.settings_name, alias)
        _ = self.settings
        for name in _OF_ALL:
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        """For a process of its own, which loads all of it anew."""
        return _of_other_process, (self.settings_name, self.alias, dict(_flags(self)))

    @cached_property
    def settings(self) -> Settings:
        settings = load_settings(self.settings_name)
        for warning in settings.warnings:
            self.warn(warning)
        return settings

    def warn(self, text: str) -> None:
        """Tell the user that something is probably a mistake."""
        output.warn(text)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Around the block is what AROUND of the settings names; once, however often entered.

        Raises SettingsError or AppError where that is no context manager, or raises itself.
        """
        if self._entered or self.settings.around is None:
            yield
            return
        from .around import entered

        self._entered = True
        try:
            with entered(self.settings) as self.runner:
                yield
        finally:
            self._entered, self.runner = False, None

    @property
    def database(self) -> Database:
        return self.settings.database(self.alias)

    @cached_property
    def migrations(self) -> MigrationSettings:
        """How the history of the alias is kept: by the settings and the project's own
        Alembic configuration. Raises SettingsError for one that cannot be read."""
        from .alembic_settings import with_own_config

        return with_own_config(self.settings.migrations_of(self.alias), self.settings.root)

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

    @cached_property
    def homes(self) -> list[App]:
        """The apps, and after them what the modules of METADATA are in, if that is no app.

        There factories, seeds, fixtures and commands are looked for. Nothing is imported.
        """
        homes = self.apps.copy()
        for entry in self.settings.metadata_of(self.alias):
            module = entry.partition(":")[0]
            if not any(home.has(module) for home in homes):
                homes.append(top_level(module))
        return homes

    def home_in(self, module: str) -> App:
        """The innermost of the homes that a module is in, else its top-level package."""
        found = [home for home in self.homes if home.has(module)]
        return max(found, key=lambda home: len(home.name)) if found else top_level(module)

    def app_module(self, app: App, part: str) -> ModuleType | None:
        """The module ``part`` of an app (``models``, ``factories``), None if it has none.

        Raises AppError naming the file and line when the module itself raises.
        """
        return import_part(app, part)

    @cached_property
    def metadata_entries(self) -> list[MetadataEntry]:
        """What METADATA names, imported; raises AppError for an entry that names nothing."""
        if not (entries := self.settings.metadata_of(self.alias)):
            return []
        from .metadata_setting import read_entries

        return read_entries(entries, self.settings.file)

    @cached_property
    def first_metadatas(self) -> list[MetaData]:
        """The MetaData of the tables that the first revision expects; raises AppError."""
        if (entry := self.migrations.first_tables) is None:
            return []
        from .metadata_setting import read_entries

        (found,) = read_entries([entry], self.settings.file, "NEW_DATABASE")
        return list(found.metadatas)

    @cached_property
    def models_modules(self) -> list[ModuleType]:
        """The models modules of the apps, and the modules that METADATA names, imported.

        A package ``models`` comes with those of its modules that it imports; with all of
        them, where its ``__init__.py`` leads to no model.
        """
        found = self._modules_of_apps + [entry.module for entry in self.metadata_entries]
        return [*{module.__name__: module for module in found}.values()]

    @cached_property
    def _modules_of_apps(self) -> list[ModuleType]:
        found = []
        for app in self.apps:
            if module := self.app_module(app, "models"):
                found += self._with_submodules(app, module)
        return found

    def _with_submodules(self, app: App, module: ModuleType) -> list[ModuleType]:
        if not hasattr(module, "__path__"):
            return [module]
        from .module_contents import loaded_submodules, names_of_submodules, reachable_metadatas

        if not reachable_metadatas([module, *loaded_submodules(module)]):
            waiting = [module]
            while waiting:
                for name in names_of_submodules(waiting.pop()):
                    if each := self.app_module(app, name.removeprefix(f"{app.name}.")):
                        waiting.append(each)
        return [module, *loaded_submodules(module)]

    @cached_property
    def metadatas(self) -> list[MetaData]:
        """What of the models' MetaData is in the database of the alias.

        Raises SettingsError for a model that is bound to what is no alias of DATABASES.
        """
        from .binds import parts

        return parts(self.all_metadatas, self.alias) if self.is_divided else self.all_metadatas

    def require_one_of_each(self) -> None:
        """Raises AppError for two tables of one name in the database of the alias."""
        from .binds import require_one_of_each

        require_one_of_each(self.metadatas, self._module_of)

    def forget_models(self) -> None:
        """Look for the models again: others may be known by now."""
        for name in (
            *("all_metadatas", "is_divided", "metadatas"),
            *("tables", "mappers", "labels"),
        ):
            self.__dict__.pop(name, None)

    @cached_property
    def is_divided(self) -> bool:
        """Whether some tables of the models are in other databases than others."""
        if not self.all_metadatas:
            return False
        from .around import named_object
        from .binds import bind
        from .metadata_setting import read_entries

        settings = self.settings
        router = named_object(settings.router, "ROUTER", settings) if settings.router else None
        named = {
            alias: [m for each in read_entries(entries, settings.file) for m in each.metadatas]
            for alias, entries in settings.own_metadata.items()
        }
        known = settings.databases
        return bind(self.all_metadatas, known, named=named, router=router, file=settings.file)

    @cached_property
    def all_metadatas(self) -> list[MetaData]:
        """Every MetaData that can be reached from an app's models, or from its ``ddl``.

        That module, where an app has it, declares views, functions and triggers. Then those
        that METADATA names. Where the settings name neither, what ``other_metadatas`` gives.
        """
        modules = self._modules_of_apps.copy()
        modules += [module for app in self.apps if (module := self.app_module(app, "ddl"))]
        named = [m for entry in self.metadata_entries for m in entry.metadatas]
        if self.other_metadatas is not None and not (self.apps or self.metadata_entries):
            named = [*self.other_metadatas(self)]
        if not modules and not named:
            return []  # the ORM need not be imported
        from .models import set_unmanaged
        from .module_contents import has_content, reachable_metadatas

        found = {id(metadata): metadata for metadata in reachable_metadatas(modules)}
        found |= {id(metadata): metadata for metadata in named if has_content(metadata)}
        metadatas = [*found.values()]
        set_unmanaged(metadatas, self.settings.unmanaged)
        return metadatas

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

        They are those of the tables of the metadata, wherever the classes are. Raises
        AppError when a relationship cannot be resolved.
        """
        if not self.metadatas:
            return []
        from .models import mappers_of

        found = mappers_of(self.all_metadatas, self.tables)
        return [m for m in found if self._has(m)] if self.is_divided else found

    @property
    def _mappers_elsewhere(self) -> list[Mapper[Any]]:
        """Those of the tables that the database of the alias does not have."""
        from .models import mappers_of

        if not self.is_divided:
            return []
        return [m for m in mappers_of(self.all_metadatas, self.tables) if not self._has(m)]

    def _has(self, mapper: Mapper[Any]) -> bool:
        from .binds import is_in
        from .models import tables_in

        return all(is_in(self.alias, table) for table in tables_in(mapper))

    def elsewhere(self, mapper: Mapper[Any]) -> list[str]:
        """The aliases of the databases that have a model; none where this one has it."""
        from .binds import aliases_of

        if not self.is_divided or self._has(mapper):
            return []
        found = aliases_of(mapper.local_table) or ()
        return [alias for alias in self.settings.databases if alias in found]

    @cached_property
    def labels(self) -> dict[str, Table]:
        """``app.model`` or ``app.table`` in lower case -> the table that holds its rows."""
        from .models import table_labels

        def owner_of(table: Table) -> str:
            return self.home_of_table(table).label

        return table_labels(self.mappers, self.tables, self.label_of, owner_of)

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
            for mapper in self._mappers_elsewhere:
                if mapper.class_.__name__.lower() == wanted.lower():
                    having = self.elsewhere(mapper)
                    raise UsageError(
                        f"The model '{name}' is not in the database '{self.alias}'.",
                        f"Choose one that has it: --database {' or '.join(having)}.",
                    )
            raise UsageError(
                f"No model '{name}'." + did_you_mean(wanted, known),
                f"Known: {', '.join(known) or 'none'}.",
            )
        names = ", ".join(f"{self.label_of(m)}.{m.class_.__name__}" for m in found)
        raise UsageError(f"'{name}' is the name of several models: {names}.")

    def label_of(self, mapper: Mapper[Any]) -> str:
        """The label of the package that the mapped class is in.

        That is the app that it is in, else the top-level package of its module.
        """
        return self.home_of(mapper).label

    def home_of(self, mapper: Mapper[Any]) -> App:
        """The app that a mapped class is in, else its top-level package.

        A class that a library made (automap, a table of versions) is where its table is.
        """
        from .models import is_in_its_module, tables_in

        if is_in_its_module(mapper.class_):
            return self.home_in(mapper.class_.__module__)
        if tables := tables_in(mapper):
            return self.home_of_table(tables[0])
        return self.home_in(mapper.class_.__module__)

    def home_of_table(self, table: Table) -> App:
        """The app or package of the module that holds a table under a name.

        Else of one that leads to its MetaData.
        """
        return self.home_in(self._module_of(table))

    def _module_of(self, table: Table) -> str:
        return self._holders.get(id(table)) or self._holders.get(id(table.metadata)) or "models"

    @cached_property
    def _holders(self) -> dict[int, str]:
        """The id of a table or MetaData -> the module that has it: of an app, else any."""
        from .module_contents import holders, holders_anywhere

        named = [(m, entry.module) for entry in self.metadata_entries for m in entry.metadatas]
        found = holders(self.models_modules, named)
        if any(id(metadata) not in found for metadata in self.all_metadatas):
            found = holders_anywhere(self.all_metadatas) | found
        return found

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


_FLAGS = ("verbosity", "interactive", "traceback")
_OF_ALL = (
    *_FLAGS,
    *("settings", "apps", "_modules_of_apps", "runner", "_entered", "other_metadatas", "x"),
)
"""What a project is on each of its aliases."""


def _flags(project: Project) -> Iterator[tuple[str, bool | int]]:
    return ((name, getattr(project, name)) for name in _FLAGS)


def _of_other_process(name: str | None, alias: str, flags: dict[str, Any]) -> Project:
    project = Project(name, alias)
    vars(project).update(flags)
    return project

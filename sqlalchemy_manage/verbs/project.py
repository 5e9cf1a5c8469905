"""``from sqlalchemy_manage import Project``: everything the commands do, as functions.

Nothing is printed, asked or exited; what goes wrong is raised, as a ManageError where a user
can do something about it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from ..conf import Settings, load_settings, settings_from
from ..migrations.foreign_env.models_of_env import metadatas_of_env
from .of_data import DataVerbs


class ManagedProject(DataVerbs):
    """The settings and one database of them; close it, or use it in a ``with``.

    ``settings``: the name of a module (else MANAGE_SETTINGS_MODULE, else ``settings``), a
    module, or a mapping with the names of one, whose relative paths are relative to ``root``,
    by default the current folder. ``database``: an alias of DATABASES. ``confirm``: the name of
    a protected database, which whoever destroys data in it has to give.

    Several can be used side by side, and from several threads: one function is at work at a
    time, since Alembic keeps what it works on in modules. Where an event loop runs, a function
    works in another thread while this one waits; ``await asyncio.to_thread(project.migrate)``
    lets the loop go on meanwhile.
    """

    def __init__(
        self,
        settings: str | ModuleType | Mapping[str, Any] | None = None,
        database: str = "default",
        *,
        root: str | os.PathLike[str] | None = None,
        confirm: str | None = None,
    ) -> None:
        super().__init__(settings if isinstance(settings, str) else None, database)
        self._given = None if isinstance(settings, str) else settings
        self._root = root
        self.confirm = confirm
        self.interactive = False
        self.other_metadatas = metadatas_of_env
        self.warnings: list[str] = []
        """What is probably a mistake in the settings."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def settings(self) -> Settings:
        """The settings, checked; raises SettingsError."""
        if self._given is None:
            found = load_settings(self.settings_name)
        elif isinstance(self._given, ModuleType):
            found = settings_from(self._given, os.environ)
        else:
            module = ModuleType("settings")
            module.__file__ = str(Path(self._root or Path.cwd()).resolve() / "settings.py")
            vars(module).update(self._given)
            found = settings_from(module, {})
        self.warnings += found.warnings
        return found

    def warn(self, text: str) -> None:
        """Kept in ``warnings``."""
        self.warnings.append(text)

    @property
    def in_memory(self) -> bool:
        return isinstance(self._given, Mapping)

    def on(self, alias: str) -> ManagedProject:
        """The same project on another database of the settings."""
        other = ManagedProject(self._given or self.settings_name, alias, root=self._root)
        other.confirm = self.confirm
        _ = self.settings
        for name in ("settings", "apps"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other


Project = ManagedProject
"""What it is called outside: inside, a Project is what has no such functions."""

"""What a project's own Alembic configuration says of its revisions, read without Alembic.

An alembic.ini and ``[tool.alembic]`` of a pyproject.toml beside it are taken together, the
first before the second, as Alembic does. Only what is asked for is interpolated, so that a
URL with a percent sign is no fault here.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from .apps import find_package
from .conf import raised
from .errors import ManageError, SettingsError, did_you_mean
from .migration_settings import MigrationSettings

PYPROJECT = "pyproject.toml"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}


def with_own_config(found: MigrationSettings, root: Path) -> MigrationSettings:
    """``found``, and where it says nothing, what the configuration says that it names.

    Settings win. Raises SettingsError for a configuration that is missing, lacks the section,
    or cannot be interpolated, and for a folder that is not there.
    """
    config: AlembicConfig
    if found.config_object is not None:
        config = MadeConfig(found.config_object, root)
    elif found.config is not None:
        config = AlembicConfig(found.config, found.section)
    else:
        return found
    folder = found.folder if found.has_folder else _script_location(config, root)
    locations = found.locations or _version_locations(config, folder, root)
    length = config.text("truncate_slug_length")
    if length and not length.isdigit():
        raise config.error("truncate_slug_length", f"is no number: {length!r}")
    return found._replace(
        folder=folder,
        locations=locations,
        file_template=config.text("file_template") or found.file_template,
        slug_length=int(length or 0) or found.slug_length,
        timezone=config.text("timezone"),
    )


class AlembicConfig:
    """The options of one configuration: of a section of the ini, else of pyproject.toml.

    Raises SettingsError for a file that is missing or cannot be read, and for one in which
    Alembic has no section.
    """

    def __init__(self, file: Path, section: str = "alembic") -> None:
        self.file: Path | str = file
        self.path = file
        self.section = section
        self.here = file.absolute().parent
        if not file.is_file():
            raise SettingsError(
                f"ALEMBIC names {file}, and there is no such file.",
                "Correct the path; it is relative to the settings.",
            )
        if self._ini is None and not self._toml:
            raise SettingsError(self._without_section())

    @cached_property
    def _ini(self) -> Any:
        """The ConfigParser of the ini; None where there is none, or where it has no section."""
        named = self.path.name != PYPROJECT
        file = self.path if named else self.here / "alembic.ini"
        if not named and not file.is_file():
            return None
        from configparser import ConfigParser, Error

        parser = ConfigParser({"here": file.absolute().parent.as_posix()})
        try:
            parser.read([file], encoding="locale")
        except (Error, UnicodeDecodeError) as error:
            first = str(error).splitlines()[0]
            raise SettingsError(f"{file} cannot be read: {first}") from error
        self._sections = parser.sections()
        return parser if parser.has_section(self.section) else None

    @cached_property
    def _toml(self) -> Mapping[str, Any]:
        file = self.here / PYPROJECT
        if not file.is_file():
            return {}
        import tomllib

        try:
            found = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file} cannot be read: {error}") from error
        own = found.get("tool", {}).get("alembic", {})
        return own if isinstance(own, dict) else {}

    def _without_section(self) -> str:
        if self.path.name == PYPROJECT:
            return f"{self.file} has no [tool.alembic]."
        known = [name for name in self._sections if not name.startswith(("logger", "handler"))]
        return (
            f"{self.file} has no section [{self.section}].{did_you_mean(self.section, known)}"
            + (f" It has: {', '.join(known)}." if known else "")
        )

    def error(self, name: str, why: str) -> SettingsError:
        """The error for an option."""
        return SettingsError(f"{self.file}: {name} {why}.")

    def get(self, name: str) -> Any:
        """An option as Alembic would have it: a string, of TOML also another value, or None."""
        if self._ini is not None and self._ini.has_option(self.section, name):
            from configparser import InterpolationError

            try:
                return self._ini.get(self.section, name)
            except InterpolationError as error:
                why = " ".join(str(error).split())
                raise self.error(
                    name, f"cannot be interpolated: {why} A percent sign is written %%"
                ) from error
        here = {"here": self.here.as_posix()}
        value = self._toml.get(name)
        try:
            if isinstance(value, str):
                return value % here
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                return [item % here for item in value]
        except (KeyError, ValueError, TypeError) as error:
            raise self.error(
                name, f"cannot be interpolated: {error}. A percent sign is written %%"
            ) from error
        return value

    def text(self, name: str) -> str | None:
        """An option as a string; None where it is empty."""
        value = self.get(name)
        return None if value in (None, "") else str(value)

    def flag(self, name: str) -> bool:
        """Whether an option is true."""
        return self.get(name) in (True, "true")

    def paths(self, name: str, *separators: str) -> list[str]:
        """An option that lists paths; ``separators`` name the options that say what is between."""
        value = self.get(name)
        if not value:
            return []
        if isinstance(value, list):
            return [str(item) for item in value]
        for option in separators:
            if (separator := self.text(option)) is not None:
                if separator not in _SEPARATORS:
                    known = ", ".join(_SEPARATORS)
                    raise self.error(option, f"is {separator!r}, and may be: {known}")
                found = str(value).split(_SEPARATORS[separator])
                return [item.strip() for item in found if item.strip()]
        return [item for item in re.split(r", *| +|\n", str(value)) if item]


class MadeConfig(AlembicConfig):
    """What the project's own code makes: ``package.module:name`` of a Config or its maker.

    Raises SettingsError where there is no such thing, or where it fails.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.file = f"ALEMBIC, {name}"
        self.here = root
        self.made = made_config(name)

    def get(self, name: str) -> Any:
        try:
            found = getattr(self.made, "get_alembic_option", self.made.get_main_option)(name)
        except Exception as error:  # of Alembic, which is not imported here
            raise self.error(name, f"cannot be read: {error}") from error
        return found

    def paths(self, name: str, *separators: str) -> list[str]:
        if name == "version_locations" and hasattr(self.made, "get_version_locations_list"):
            return list(self.made.get_version_locations_list() or ())
        return super().paths(name, *separators)


def made_config(name: str) -> Any:
    """The Config that ``package.module:name`` is or makes; raises SettingsError."""
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        return found if hasattr(found, "get_main_option") else found()
    except ManageError:
        raise
    except Exception as error:
        why = raised(error)
        raise SettingsError(f"ALEMBIC names {name}, which cannot be made: {why}.") from error


def _script_location(config: AlembicConfig, root: Path) -> Path:
    value = config.text("script_location")
    if value is None:
        raise SettingsError(
            f"{config.file} has no script_location, the folder of env.py.",
            f'Name the folder in the settings: {_WRITE_DIR} = "migrations"',
        )
    found = located(config, "script_location", value, root)
    if not found.is_dir():
        raise SettingsError(
            f"{config.file}: script_location is {value!r}, and there is no folder {found}.",
            f'Alembic takes it from where it is started. Name it in the settings: {_WRITE_DIR} = "'
            'migrations"',
        )
    return found


_WRITE_DIR = "MIGRATIONS_DIR"


def _version_locations(config: AlembicConfig, folder: Path, root: Path) -> tuple[str, ...]:
    named = config.paths("version_locations", "path_separator", "version_path_separator")
    found = [str(located(config, "version_locations", name, root)) for name in named]
    if config.flag("recursive_version_locations"):
        return tuple(f"{place}/**" for place in found or [str(folder / "versions")])
    return tuple(found)


def located(config: AlembicConfig, name: str, value: str, root: Path) -> Path:
    """The path that an option means: absolute, ``package:folder``, or relative.

    Alembic takes a relative one from the folder in which it is started: that is the one of
    the configuration, of the settings, the current one, or one above the configuration.
    Raises SettingsError for a package that cannot be found, and for a placeholder that is
    filled in by the project's code.
    """
    if re.search(r"\{\w*\}", value):
        hint = "VERSION_LOCATIONS" if name == "version_locations" else _WRITE_DIR
        raise SettingsError(
            f"{config.file}: {name} is {value!r}, which the project's own code fills in.",
            f"Name the folder in the settings: {hint}",
        )
    if os.path.isabs(value):
        return Path(value)
    if ":" in value:
        return package_folder(value, f"{config.file}: {name}")
    above = config.here
    bases = dict.fromkeys([above, root, Path.cwd(), *above.parents])
    there = (base / value for base in bases if (base / value).is_dir())
    return Path(os.path.normpath(next(there, above / value)))


def package_folder(value: str, where: str) -> Path:
    """The folder that ``package:folder`` means; raises SettingsError where there is no package."""
    package, *rest = value.split(":")
    folder = find_package(package)
    if folder is None:
        raise SettingsError(
            f"{where} is {value!r}, and there is no package '{package}'.",
            "Is it installed, and in the same environment?",
        )
    return folder.joinpath(*rest)

"""A settings module, read into a frozen and checked :class:`Settings`.

Nothing here imports SQLAlchemy, nor what takes as long as that list itself (dataclasses,
urllib): the command line must list its commands quickly, and also when the database settings
are wrong.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType, MappingProxyType, ModuleType
from typing import NamedTuple

from .database_settings import MODEL_NAMES, Database, read_databases
from .errors import ManageError, SettingsError, UsageError, did_you_mean
from .migration_settings import DEFAULT, MIGRATION_NAMES, MigrationSettings, read_migrations
from .settings_reader import SettingsReader

ENVIRONMENT_VARIABLE = "MANAGE_SETTINGS_MODULE"


class SettingsMissing(SettingsError):
    """There is no settings module of that name."""


BACKUP_DIR = "backups"
"""Default folder of backups, beside the settings."""


class Settings(NamedTuple):
    """The values of a settings module; paths are absolute, times are in seconds.

    ``uses_sqlite``: one of the databases is SQLite, if only the default that DATABASE_URL
    replaces; revisions must run there too.
    """

    module: str
    file: Path
    root: Path
    databases: Mapping[str, Database]
    installed_apps: tuple[str, ...] = ()
    fixture_dirs: tuple[Path, ...] = ()
    shell_imports: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()
    factories: tuple[str, ...] = ()
    backup_dir: Path = Path("backups")
    lock_wait: float = 60.0
    lock_timeout: float = 4.0
    statement_timeout: float | None = None
    concurrently_timeout: float = 600.0
    prove_links: bool = True
    uses_sqlite: bool = False
    metadata: tuple[str, ...] = ()
    migrations: MigrationSettings = DEFAULT
    around: str | None = None
    session: str | None = None
    router: str | None = None
    own_metadata: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    own_migrations: Mapping[str, MigrationSettings] = MappingProxyType({})
    warnings: tuple[str, ...] = ()

    def metadata_of(self, alias: str) -> tuple[str, ...]:
        """The MetaData of an alias that are no app's, as ``package.module:name``."""
        return self.own_metadata.get(alias, self.metadata)

    def migrations_of(self, alias: str) -> MigrationSettings:
        """How the history of an alias is kept."""
        return self.own_migrations.get(alias, self.migrations)

    def database(self, alias: str) -> Database:
        """The database of that alias; raises UsageError for an unknown one."""
        try:
            return self.databases[alias]
        except KeyError:
            raise UsageError(
                f"No database '{alias}' in DATABASES of {self.file}."
                + did_you_mean(alias, self.databases),
                f"Known: {_some(self.databases)}.",
            ) from None


def _some(names: Iterable[str]) -> str:
    """The first of ``names``: there may be hundreds."""
    names = list(names)
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def load_settings(name: str | None = None) -> Settings:
    """Import the settings module and check it.

    ``name``, else the environment's MANAGE_SETTINGS_MODULE, else ``settings``.
    Raises SettingsError that names the setting, its file and what was expected.
    """
    name = name or os.environ.get(ENVIRONMENT_VARIABLE) or "settings"
    module = _import(name)
    return settings_from(module, os.environ)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise SettingsMissing(
                f"There is no settings module '{name}'.",
                "Run the command in the folder that contains it, or name it: "
                f"--settings MODULE, or {ENVIRONMENT_VARIABLE} in the environment.",
            ) from error
        raise SettingsError(
            f"The settings module '{name}' imports '{error.name}', which is not installed."
        ) from error
    except Exception as error:
        raise SettingsError(
            f"The settings module '{name}' cannot be imported: {raised(error)}."
        ) from error


def raised(error: BaseException) -> str:
    """``ValueError: why (FILE, line N)``; an error without a text has no colon.

    Errors of this tool say what is wrong without the name of their class.
    """
    if isinstance(error, ManageError):
        return f"{error.message.rstrip('.')}{failing_line(error)}"
    why = f": {error}" if str(error) else ""
    return f"{type(error).__name__}{why}{failing_line(error)}"


def failing_line(error: BaseException) -> str:
    """`` (FILE, line N)`` of the user's own code in which ``error`` arose, if any."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})" if "line" not in str(error) else ""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_users(code.co_filename):
            place = f" ({code.co_filename}, line {trace.tb_lineno})"
        elif is_entry(code):
            place = ""  # the env.py that called it is not at fault
        trace = trace.tb_next
    return place


_OWN = str(Path(__file__).parent)


def is_users(file: str) -> bool:
    """Whether a file of code is the user's: not the tool's, a library's or Python's own."""
    if file.startswith(_libraries()) or re.search(r"[/\\](site|dist)-packages[/\\]", file):
        return False
    return os.path.exists(file)  # the libraries' compiled modules name files that do not


@functools.cache
def _libraries() -> tuple[str, ...]:
    """What the names of files begin with that are not the user's."""
    import sysconfig

    return (_OWN, "<", sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))


def is_entry(code: CodeType) -> bool:
    """Whether it is where the user's program hands over to the tool."""
    return code.co_name in ("main", "run_env") and code.co_filename.startswith(_OWN)


def settings_from(module: ModuleType, environ: Mapping[str, str]) -> Settings:
    """Check the names of a settings module. ``environ`` may override the default URL."""
    file = Path(getattr(module, "__file__", None) or module.__name__).resolve()
    root = file.parent
    for _ in range(module.__name__.count(".")):
        root = root.parent
    reader = SettingsReader(vars(module), file)
    databases = read_databases(reader, environ)
    entries = {
        alias: SettingsReader(entry, file, f"DATABASES[{alias!r}]")
        for alias, entry in reader.get("DATABASES", {}).items()
    }
    apps = reader.strings("INSTALLED_APPS", ())
    for app in apps:
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", app):
            raise reader.wrong("INSTALLED_APPS", "importable package names", app)
    labels = [app.rpartition(".")[2] for app in apps]
    for label in labels:
        if labels.count(label) > 1:
            both = ", ".join(app for app in apps if app.rpartition(".")[2] == label)
            raise SettingsError(
                f"{file}: two entries of INSTALLED_APPS have the label '{label}' "
                f"(the last part of the name): {both}."
            )
    migrations = read_migrations(reader, root)
    own_migrations = {
        alias: read_migrations(own.over(reader), root)
        for alias, own in entries.items()
        if any(name in own.values for name in MIGRATION_NAMES)
    }
    for alias, database in databases.items():
        database.bookkeeping = own_migrations.get(alias, migrations).bookkeeping
        if database.bookkeeping.own_schema and database.url.startswith("sqlite"):
            raise SettingsError(
                f"{file}: LEDGER names a schema, and SQLite, the database '{alias}', has none.",
                "LEDGER = False keeps no ledger; DATABASES[...]['LEDGER'] is for one database.",
            )
    return Settings(
        module=module.__name__,
        file=file,
        root=root,
        databases=MappingProxyType(databases),
        installed_apps=apps,
        fixture_dirs=tuple(root / p for p in reader.paths("FIXTURE_DIRS", ("fixtures",))),
        backup_dir=root / reader.path("BACKUP_DIR", BACKUP_DIR),
        shell_imports=reader.strings("SHELL_IMPORTS", ()),
        unmanaged=reader.strings("UNMANAGED", ()),
        factories=reader.strings("FACTORIES", ()),
        lock_wait=reader.seconds("LOCK_WAIT", 60.0),
        lock_timeout=reader.seconds("LOCK_TIMEOUT", 4.0),
        statement_timeout=reader.seconds("STATEMENT_TIMEOUT", 0.0) or None,
        prove_links=reader.flag("PROVE_LINKS", True),
        metadata=reader.objects("METADATA", _METADATA),
        migrations=migrations,
        around=reader.dotted("AROUND", "a context manager"),
        session=reader.dotted("SESSION", "a function that makes a session"),
        router=reader.dotted("ROUTER", "a function that names the alias of a table"),
        own_metadata={
            alias: own.objects("METADATA", _METADATA)
            for alias, own in entries.items()
            if "METADATA" in own.values
        },
        own_migrations=own_migrations,
        concurrently_timeout=reader.seconds("CONCURRENTLY_TIMEOUT", 600.0),
        uses_sqlite=any(
            str(url).startswith("sqlite")
            for url in (
                *(entry["URL"] for entry in reader.get("DATABASES", {}).values()),
                *(database.given_url for database in databases.values()),
            )
        ),
        warnings=tuple(_misspelt(module, file)),
    )


_METADATA = "a list of MetaData objects"

KNOWN = (
    "DATABASES",
    "INSTALLED_APPS",
    *MIGRATION_NAMES,
    *MODEL_NAMES,
    "AROUND",
    "SESSION",
    "ROUTER",
    "FIXTURE_DIRS",
    "SHELL_IMPORTS",
    "BACKUP_DIR",
    "LOCK_WAIT",
    "LOCK_TIMEOUT",
    "STATEMENT_TIMEOUT",
    "CONCURRENTLY_TIMEOUT",
    "PROVE_LINKS",
    "UNMANAGED",
    "FACTORIES",
)


def _misspelt(module: ModuleType, file: Path) -> list[str]:
    found = []
    for name in vars(module):
        if name.isupper() and name not in KNOWN and any(_may_be(name, k) for k in KNOWN):
            from difflib import get_close_matches

            # 0.85: DATABASE and INSTALED_APPS are caught, BASE_DIR and DATABASE_NAME are not.
            close = get_close_matches(name, KNOWN, n=1, cutoff=0.85)
            if close and not hasattr(module, close[0]):
                found.append(f"{file}: {name} is not a known setting. Did you mean {close[0]}?")
    return found


def _may_be(name: str, known: str) -> bool:
    """Whether two names share so many letters that it is worth comparing them."""
    shared = sum(min(name.count(letter), known.count(letter)) for letter in set(name))
    return 2 * shared >= 0.85 * (len(name) + len(known))

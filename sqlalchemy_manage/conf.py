"""A settings module, read into a frozen and checked :class:`Settings`.

Nothing here imports SQLAlchemy, nor what takes as long as that list itself (dataclasses,
urllib): the command line must list its commands quickly, and also when the database settings
are wrong.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, MappingProxyType, ModuleType
from typing import Any, NamedTuple

from .errors import AppError, ManageError, SettingsError, UsageError, did_you_mean
from .output import keep_secret

ENVIRONMENT_VARIABLE = "MANAGE_SETTINGS_MODULE"

BACKUP_DIR = "backups"
"""Default folder of backups, beside the settings."""

PASSWORD_KEYS = ("password", "passwd", "sslpassword", "pwd", "odbc_connect")
"""What a driver calls a password in the query of a URL or in connect_args."""

_PATH = (str, os.PathLike)


class Database:
    """One entry of DATABASES."""

    def __init__(
        self,
        alias: str,
        url: str,
        options: Mapping[str, Any] = MappingProxyType({}),
        protected: bool = False,
    ) -> None:
        self.alias = alias
        self.url = url
        self.options = options
        self.protected = protected

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Database) and vars(self) == vars(other)


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
    migrations_dir: Path = Path("migrations")
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
    warnings: tuple[str, ...] = ()

    def database(self, alias: str) -> Database:
        """The database of that alias; raises UsageError for an unknown one."""
        try:
            return self.databases[alias]
        except KeyError:
            raise UsageError(
                f"No database '{alias}' in DATABASES of {self.file}."
                + did_you_mean(alias, self.databases),
                f"Known: {', '.join(self.databases)}.",
            ) from None


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
            raise SettingsError(
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
    reader = _SettingsReader(module, file)
    databases = _databases(reader, environ)
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
    return Settings(
        module=module.__name__,
        file=file,
        root=root,
        databases=MappingProxyType(databases),
        installed_apps=apps,
        migrations_dir=root / reader.path("MIGRATIONS_DIR", "migrations"),
        fixture_dirs=tuple(root / p for p in reader.paths("FIXTURE_DIRS", ("fixtures",))),
        backup_dir=root / reader.path("BACKUP_DIR", BACKUP_DIR),
        shell_imports=reader.strings("SHELL_IMPORTS", ()),
        unmanaged=reader.strings("UNMANAGED", ()),
        factories=reader.strings("FACTORIES", ()),
        lock_wait=reader.seconds("LOCK_WAIT", 60.0),
        lock_timeout=reader.seconds("LOCK_TIMEOUT", 4.0),
        statement_timeout=reader.seconds("STATEMENT_TIMEOUT", 0.0) or None,
        prove_links=reader.flag("PROVE_LINKS", True),
        concurrently_timeout=reader.seconds("CONCURRENTLY_TIMEOUT", 600.0),
        uses_sqlite=any(
            str(url).startswith("sqlite")
            for url in (
                *(entry["URL"] for entry in reader.get("DATABASES", {}).values()),
                *(database.url for database in databases.values()),
            )
        ),
        warnings=tuple(_misspelt(module, file)),
    )


KNOWN = (
    "DATABASES",
    "INSTALLED_APPS",
    "MIGRATIONS_DIR",
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


class _SettingsReader(NamedTuple):
    """Reads names of a module, and rejects values of the wrong type."""

    module: ModuleType
    file: Path

    def wrong(self, name: str, expected: str, value: object) -> SettingsError:
        shown = "" if name.startswith("DATABASES") else f" ({value!r})"  # may hold a password
        return SettingsError(
            f"{self.file}: {name} must be {expected}, not {type(value).__name__}{shown}."
        )

    def get(self, name: str, default: Any) -> Any:
        return getattr(self.module, name, default)

    def require(self, name: str, value: Any, kind: Any, expected: str) -> Any:
        """``value``, which must be of a type."""
        if not isinstance(value, kind):
            raise self.wrong(name, expected, value)
        return value

    def path(self, name: str, default: str) -> Path:
        return Path(self.require(name, self.get(name, default), _PATH, "a path"))

    def paths(self, name: str, default: tuple[str, ...]) -> tuple[Path, ...]:
        return tuple(Path(item) for item in self._list(name, default, _PATH, "a list of paths"))

    def strings(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        return self._list(name, default, str, "a list of strings")

    def _list(self, name: str, default: Any, kind: Any, expected: str) -> tuple[Any, ...]:
        value = self.require(name, self.get(name, default), list | tuple, expected)
        return tuple(self.require(name, item, kind, expected) for item in value)

    def flag(self, name: str, default: bool) -> bool:
        return bool(self.require(name, self.get(name, default), bool, "True or False"))

    def seconds(self, name: str, default: float) -> float:
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise self.wrong(name, "a number of seconds, 0 or more", value)
        return float(value)


def _databases(reader: _SettingsReader, environ: Mapping[str, str]) -> dict[str, Database]:
    expected = 'a dict such as {"default": {"URL": ...}}'
    declared = reader.require("DATABASES", reader.get("DATABASES", {}), dict, expected)
    databases = {}
    for alias, entry in declared.items():
        label = f"DATABASES[{alias!r}]"
        reader.require("The alias of every entry of DATABASES", alias, str, "a string")
        reader.require(label, entry, dict, 'a dict such as {"URL": ...}')
        _not_djangos(reader, label, entry)
        for key in entry:
            if key not in ("URL", "OPTIONS", "PROTECTED"):
                raise SettingsError(
                    f"{reader.file}: {label} has the unknown key {key!r}."
                    + did_you_mean(str(key), ("URL", "OPTIONS", "PROTECTED"))
                )
        url: Any = entry.get("URL")
        if hasattr(url, "render_as_string"):
            url = url.render_as_string(hide_password=False)
        if not isinstance(url, str) or not url:
            raise reader.wrong(f"{label}['URL']", "an SQLAlchemy URL", url)
        options, protected = entry.get("OPTIONS", {}), entry.get("PROTECTED", False)
        reader.require(f"{label}['OPTIONS']", options, dict, "a dict of engine arguments")
        reader.require(f"{label}['PROTECTED']", protected, bool, "True or False")
        databases[alias] = Database(alias, url, MappingProxyType(options), protected)
    override = environ.get("DATABASE_URL")
    if override:
        old = databases.get("default", Database("default", override))
        # Engine arguments of one kind of database rarely suit another.
        same = old.url.partition(":")[0] == override.partition(":")[0]
        databases["default"] = Database(
            "default", override, old.options if same else {}, old.protected
        )
    if "default" not in databases:
        raise SettingsError(
            f"{reader.file}: DATABASES has no 'default' entry.",
            'Write DATABASES = {"default": {"URL": "sqlite:///app.sqlite"}}, '
            "or set DATABASE_URL in the environment.",
        )
    for database in databases.values():
        for password in passwords(database.url):
            keep_secret(password)
        arguments = database.options.get("connect_args")
        for key, value in arguments.items() if isinstance(arguments, dict) else ():
            if key in PASSWORD_KEYS and isinstance(value, str):
                keep_secret(value)
    return databases


_DIALECTS = {
    "sqlite3": "sqlite:///{NAME}",
    "postgresql": "postgresql+psycopg://{USER}@{HOST}/{NAME}",
    "mysql": "mariadb+pymysql://{USER}@{HOST}/{NAME}",
}


def _not_djangos(reader: _SettingsReader, label: str, entry: Mapping[str, Any]) -> None:
    """Raises SettingsError for an entry as Django writes it, with the URL to write instead."""
    if "URL" in entry or not {"ENGINE", "NAME"} & set(entry):
        return
    engine = str(entry.get("ENGINE", "")).rpartition(".")[2]
    url = _DIALECTS.get(engine, "DIALECT+DRIVER://{USER}@{HOST}/{NAME}")
    for key, usual in (("NAME", "NAME"), ("USER", "USER"), ("HOST", "localhost")):
        given = str(entry.get(key) or usual)
        if key == "HOST" and entry.get("PORT"):
            given += f":{entry['PORT']}"
        url = url.replace(f"{{{key}}}", given)
    password = ", with :PASSWORD after the user" if entry.get("PASSWORD") else ""
    raise SettingsError(
        f"{reader.file}: {label} has Django's keys; here it is one SQLAlchemy URL.",
        f'Write "URL": "{url}"{password}.',
    )


def passwords(url: str) -> list[str]:
    """Every spelling of every password in ``url``, also in one that does not parse."""
    if "@" not in url and "?" not in url:
        return []
    from urllib.parse import parse_qsl, unquote

    # SQLAlchemy's reading (up to the first @, a ? included), and the user's (up to the last).
    found = re.findall(r"://[^:/]*:([^@]*)@", url)
    authority, _, query = url.partition("?")
    _, _, rest = authority.partition("://")
    user_part, at, _ = rest.rpartition("@")
    if at and ":" in user_part:
        password = user_part.partition(":")[2]
        # After an unescaped @ the rest of it is taken for the host, and named in errors.
        found += [password, *re.split("[@:]", password)[1:]]
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key.lower() in PASSWORD_KEYS:
            found.append(value)
    return sorted({w for word in found for w in (word, unquote(word)) if w})


def find_package(name: str) -> Path | None:
    """The folder of a package, not imported (a dotted name does import its parents).

    None if there is no such package; raises AppError if a parent raises.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    except Exception as error:
        raise AppError(f"The package of '{name}' cannot be imported: {raised(error)}.") from error
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin).parent if spec.origin else None


def app_packages() -> list[str]:
    """Top-level packages in the current folder: what INSTALLED_APPS could have meant."""
    return [p.parent.name for p in Path.cwd().glob("*/models.py") if str(p) not in sys.path]

"""The setting DATABASES: one :class:`Database` for each alias."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .async_drivers import is_async, usable
from .errors import SettingsError, did_you_mean
from .migration_settings import MIGRATION_NAMES, USUAL_TABLES, Bookkeeping
from .output import keep_secret
from .settings_reader import SettingsReader

PASSWORD_KEYS = ("password", "passwd", "sslpassword", "pwd", "odbc_connect")
"""What a driver calls a password in the query of a URL or in connect_args."""


class Database:
    """One entry of DATABASES.

    ``given_url`` and ``given_options`` are as they are in the settings; ``url`` and ``options``
    are of a driver that is not async, where one can take the place of an async driver.
    ``schema``: the schema of its tables, where that is not the server's default one.
    ``bookkeeping``: the tables beside the application's.
    """

    def __init__(
        self,
        alias: str,
        url: str,
        options: Mapping[str, Any] = MappingProxyType({}),
        protected: bool = False,
        schema: str | None = None,
        bookkeeping: Bookkeeping = USUAL_TABLES,
    ) -> None:
        self.alias = alias
        self.given_url = url
        self.given_options = options
        self.protected = protected
        self.schema = schema
        self.bookkeeping = bookkeeping

    @property
    def url(self) -> str:
        return usable(self.given_url, self.given_options)[0]

    @property
    def options(self) -> Mapping[str, Any]:
        """The arguments of the engine."""
        return usable(self.given_url, self.given_options)[1]

    @property
    def is_async(self) -> bool:
        """Whether the settings name a driver that an AsyncEngine uses."""
        return is_async(self.given_url)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Database) and vars(self) == vars(other)


MODEL_NAMES = ("METADATA",)
"""The names of settings of models that an entry of DATABASES may have for itself."""

KEYS = ("URL", "OPTIONS", "PROTECTED", "SCHEMA", *MIGRATION_NAMES, *MODEL_NAMES)
"""What an entry of DATABASES may have."""


def read_databases(reader: SettingsReader, environ: Mapping[str, str]) -> dict[str, Database]:
    """The databases of the settings; ``environ`` may override the default URL.

    Raises SettingsError for what cannot be one. Passwords are never shown from now on.
    """
    expected = 'a dict such as {"default": {"URL": ...}}'
    declared = reader.require("DATABASES", reader.get("DATABASES", {}), dict, expected)
    databases = {}
    for alias, entry in declared.items():
        label = f"DATABASES[{alias!r}]"
        reader.require("The alias of every entry of DATABASES", alias, str, "a string")
        reader.require(label, entry, dict, 'a dict such as {"URL": ...}')
        _not_djangos(reader, label, entry)
        for key in entry:
            if key not in KEYS:
                raise SettingsError(
                    f"{reader.file}: {label} has the unknown key {key!r}."
                    + did_you_mean(str(key), KEYS)
                )
        own = SettingsReader(entry, reader.file, label)
        url: Any = entry.get("URL")
        if hasattr(url, "render_as_string"):
            url = url.render_as_string(hide_password=False)
        if not isinstance(url, str) or not url:
            raise own.wrong("URL", "an SQLAlchemy URL", url)
        options = own.require("OPTIONS", own.get("OPTIONS", {}), dict, "a dict of engine arguments")
        databases[alias] = Database(
            alias,
            url,
            MappingProxyType(options),
            own.flag("PROTECTED", False),
            own.text("SCHEMA", None, "the name of a schema"),
        )
    override = environ.get("DATABASE_URL")
    if override:
        old = databases.get("default", Database("default", override))
        # Engine arguments of one kind of database rarely suit another.
        same = old.given_url.partition(":")[0] == override.partition(":")[0]
        databases["default"] = Database(
            "default",
            override,
            old.given_options if same else {},
            old.protected,
            old.schema if same else None,
        )
    if "default" not in databases:
        raise SettingsError(
            f"{reader.file}: DATABASES has no 'default' entry.",
            'Write DATABASES = {"default": {"URL": "sqlite:///app.sqlite"}}, '
            "or set DATABASE_URL in the environment.",
        )
    databases = {alias: _translated(reader, each) for alias, each in databases.items()}
    for database in databases.values():
        for password in passwords(database.given_url):
            keep_secret(password)
        arguments = database.given_options.get("connect_args")
        for key, value in arguments.items() if isinstance(arguments, dict) else ():
            if key in PASSWORD_KEYS and isinstance(value, str):
                keep_secret(value)
    return databases


def _translated(reader: SettingsReader, database: Database) -> Database:
    """A ``schema_translate_map`` of its engine's options is the SCHEMA of the database.

    SQLAlchemy translates statements, but not what it asks a database about its tables, nor
    SQL as text: the names without a schema have to be those of that schema for all of these.
    Raises SettingsError for a map of other names.
    """
    options = dict(database.given_options)
    execution = options.get("execution_options")
    found = execution.get("schema_translate_map") if isinstance(execution, dict) else None
    if not isinstance(execution, dict) or not isinstance(found, dict):
        return database
    options["execution_options"] = {
        name: value for name, value in execution.items() if name != "schema_translate_map"
    }
    place = f"{reader.file}: schema_translate_map of DATABASES[{database.alias!r}]['OPTIONS']"
    if other := {name: to for name, to in found.items() if name is not None and name != to}:
        name, to = next(iter(other.items()))
        raise SettingsError(
            f"{place} makes {name!r} {to!r}: only tables without a schema (None) can be moved.",
            "Leave the schema out of the models, and name it as the SCHEMA of the alias.",
        )
    url, schema = database.given_url, found.get(None)
    if schema is not None and database.schema not in (None, schema):
        raise SettingsError(
            f"{place} names the schema {schema!r}, and SCHEMA is {database.schema!r}.",
            "Leave one of the two out.",
        )
    if schema is not None and url.startswith(("mysql", "mariadb")):
        # There a schema is a database.
        url, schema = re.sub(r"^(\w[\w+]*://[^/?]*)(/[^?]*)?", rf"\g<1>/{schema}", url), None
    return Database(
        database.alias,
        url,
        MappingProxyType(options),
        database.protected,
        schema or database.schema,
        database.bookkeeping,
    )


_DIALECTS = {
    "sqlite3": "sqlite:///{NAME}",
    "postgresql": "postgresql+psycopg://{USER}@{HOST}/{NAME}",
    "mysql": "mariadb+pymysql://{USER}@{HOST}/{NAME}",
}


def _not_djangos(reader: SettingsReader, label: str, entry: Mapping[str, Any]) -> None:
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

"""The settings of a history: where its revisions are, and how they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import SettingsError, did_you_mean
from .settings_reader import SettingsReader, is_dotted

VERSION_TABLE = "alembic_version"
"""Alembic's own name for the table that says where a database is."""

MIGRATION_NAMES = (
    "MIGRATIONS_DIR",
    "ALEMBIC",
    "VERSION_LOCATIONS",
    "VERSION_TABLE",
    "VERSION_TABLE_SCHEMA",
    "REVISION_IDS",
    "HEADS",
    "NEW_DATABASE",
    "LEDGER",
)
"""The names of these settings; an entry of DATABASES may have each for itself."""

_ALEMBIC_KEYS = ("CONFIG", "SECTION", "X")


class Bookkeeping(NamedTuple):
    """The tables that a database has beside the application's.

    ``ledger``: whether there is one, or the schema of the tool's own tables.
    """

    version_table: str = VERSION_TABLE
    version_table_schema: str | None = None
    ledger: bool | str = True

    @property
    def own_schema(self) -> str | None:
        """The schema of the tool's own tables; None for the default one."""
        return self.ledger if isinstance(self.ledger, str) else None

    def own_name(self, name: str) -> str:
        """The name of a table of which each history has its own: two may share a database."""
        parts = [self.version_table_schema, self.version_table]
        if parts == [None, VERSION_TABLE]:
            return name
        full = "_".join((name, *filter(None, parts)))
        if len(full) <= _LONGEST:
            return full
        from zlib import crc32

        return f"{full[: _LONGEST - 9]}_{crc32(full.encode()):08x}"


USUAL_TABLES = Bookkeeping()

_LONGEST = 60
"""Characters in the name of a table, for every database."""

BOOKKEEPING = "sqlalchemy_manage_bookkeeping"
"""The execution option of an engine that says what its database has: a :class:`Bookkeeping`."""


class MigrationSettings(NamedTuple):
    """How the history of a database is kept; paths are absolute.

    ``folder``: of env.py. ``locations``: of the revision files, ``folder``/versions if none
    is given; a location may be a glob, and one that ends with ``/**`` has subfolders.
    ``config`` and ``section``: the project's own Alembic configuration, if it has one;
    ``config_object``: what makes it instead, as ``package.module:name``, a Config or a function
    that returns one. ``x``: what ``alembic -x`` would be given, as ``name=value``.
    ``revision_ids``: what new ones are like, ``numbered``, ``hex``, or ``template`` (as the
    configuration's file_template). ``heads``: labels of branches that are meant to stay apart.
    ``new_database``: ``migrate``, or ``create_all`` and a stamp. ``first_tables``: the MetaData
    of the tables that the first revision expects, as ``package.module:name``. ``ledger``:
    whether one is kept, or the schema of the tool's own tables.
    """

    folder: Path
    locations: tuple[str, ...] = ()
    config: Path | None = None
    config_object: str | None = None
    section: str = "alembic"
    x: tuple[str, ...] = ()
    version_table: str = VERSION_TABLE
    version_table_schema: str | None = None
    revision_ids: str = "numbered"
    heads: tuple[str, ...] = ()
    new_database: str = "migrate"
    first_tables: str | None = None
    ledger: bool | str = True
    has_folder: bool = False
    file_template: str = "%(rev)s_%(slug)s"
    slug_length: int = 40
    timezone: str | None = None

    @property
    def bookkeeping(self) -> Bookkeeping:
        """The tables in which it is kept."""
        return Bookkeeping(self.version_table, self.version_table_schema, self.ledger)


DEFAULT = MigrationSettings(Path("migrations"))
"""The history of a project whose settings say nothing of it."""

_version_tables = {VERSION_TABLE}


def is_version_table(name: str) -> bool:
    """Whether a table says where a database is: of a history in the settings, or of another.

    Tools that share a database each call theirs ``alembic_version_...``.
    """
    return name in _version_tables or name.startswith("alembic_version_")


def read_migrations(reader: SettingsReader, root: Path) -> MigrationSettings:
    """The settings of one history, relative to ``root``; raises SettingsError."""
    alembic = _alembic(reader)
    config = alembic.get("CONFIG")
    ledger = reader.require("LEDGER", reader.get("LEDGER", True), (bool, str), _LEDGER)
    if ledger == "":
        raise reader.wrong("LEDGER", _LEDGER, ledger)
    version_table = reader.text("VERSION_TABLE", VERSION_TABLE) or VERSION_TABLE
    _version_tables.add(version_table)
    first_tables = _first_tables(reader)
    return MigrationSettings(
        folder=root / reader.path("MIGRATIONS_DIR", "migrations"),
        has_folder=reader.get("MIGRATIONS_DIR", None) is not None,
        locations=tuple(_location(root, path) for path in reader.paths("VERSION_LOCATIONS", ())),
        config=None if config is None or is_dotted(str(config)) else root / config,
        config_object=str(config) if config is not None and is_dotted(str(config)) else None,
        section=alembic.get("SECTION", "alembic"),
        x=tuple(f"{name}={value}" for name, value in alembic.get("X", {}).items()),
        version_table=version_table,
        version_table_schema=reader.text("VERSION_TABLE_SCHEMA", None),
        revision_ids=reader.choice("REVISION_IDS", ("numbered", "hex", "template")),
        heads=reader.strings("HEADS", ()),
        new_database="migrate" if first_tables else str(reader.get("NEW_DATABASE", "migrate")),
        first_tables=first_tables,
        ledger=ledger,
    )


def _location(root: Path, path: Path) -> str:
    """A location, absolute, but for one in a package: ``package:folder``."""
    return str(path if ":" in str(path) and not path.is_absolute() else root / path)


_LEDGER = "True, False or the name of a schema"


def _alembic(reader: SettingsReader) -> Mapping[str, Any]:
    """ALEMBIC, the path of a configuration alone made into ``{"CONFIG": path}``."""
    value = reader.get("ALEMBIC", None)
    if value is None:
        return {}
    if not isinstance(value, dict):
        return {"CONFIG": reader.path("ALEMBIC", "")}
    for key in value:
        if key not in _ALEMBIC_KEYS:
            raise SettingsError(
                f"{reader.file}: {reader.spelled('ALEMBIC')} has the unknown key {key!r}."
                + did_you_mean(str(key), _ALEMBIC_KEYS)
            )
    own = SettingsReader(value, reader.file, reader.spelled("ALEMBIC"))
    found: dict[str, Any] = {}
    if "CONFIG" in value:
        found["CONFIG"] = own.path("CONFIG", "")
    if (section := own.text("SECTION", None)) is not None:
        found["SECTION"] = section
    found["X"] = own.require("X", own.get("X", {}), dict, "a dict of -x arguments")
    return found


def _first_tables(reader: SettingsReader) -> str | None:
    """What NEW_DATABASE names where it is neither of its two words; raises SettingsError."""
    value = reader.get("NEW_DATABASE", "migrate")
    if isinstance(value, str) and is_dotted(value):
        return value
    reader.choice("NEW_DATABASE", ("migrate", "create_all"), _OR_TABLES)
    return None


_OR_TABLES = ', or the MetaData of the first tables, as "package.module:name"'

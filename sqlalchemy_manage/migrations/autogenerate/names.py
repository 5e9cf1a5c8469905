"""Names of the models that the database, or what reads it, cannot have: refused in words.

A name that is only unusual works. These would fail half way, be cut to the name of another
thing, or be a difference for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import conv

from ...errors import MigrationError
from ...models import is_managed
from ...sql.dialects import MARIADB
from ...sql.raw import cut_name
from ...sqlalchemy_internals import target_names
from ..operations.enums.types import leaf

_SHOWN = 10
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}
_HINT = (
    "Give them other names in the models: __tablename__ for a table, the first argument of"
    " mapped_column() or Column() for a column, name= for a constraint or an Enum."
)


def require_names(tables: Iterable[sa.Table], dialect: sa.Dialect) -> None:
    """Raises MigrationError that says of each name of the models why it cannot be used."""
    title = "MariaDB" if getattr(dialect, "is_mariadb", False) else TITLES.get(dialect.name, "")
    found: list[str] = []
    alike: dict[Any, dict[str, str]] = defaultdict(dict)
    tables = [table for table in tables if is_managed(table)]
    for what, name, scope in _names(tables):
        items = what not in ("table", "column", "schema", "sequence")
        why = _why_not(name, dialect, cut=isinstance(name, conv), is_item=items)
        if not why and dialect.name == "postgresql" and len(name.encode(errors="replace")) > 63:
            # Two of one name are Alembic's and the database's business.
            other = alike[scope].setdefault(cut_name(name), name)
            why = "" if other == name else f"PostgreSQL cuts it to 63 bytes, as it does {other!r}"
        if why:
            found.append(f"{what} {_shown(name)}{_of(scope)}: {why}")
    for table in tables:
        found += _texts(table, dialect)
        found += _nameless_enums(table, dialect)
        found += _targets(table)
        found += _key_columns(table, dialect)
    found = list(dict.fromkeys(found))
    if found:
        more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        count = "1 name" if len(found) == 1 else f"{len(found)} names"
        raise MigrationError(
            f"The models have {count} that {title or dialect.name} cannot have. "
            "Nothing was written.",
            "\n".join([*(f"  {line}" for line in [*found[:_SHOWN], *more]), _HINT]),
        )


def _of(scope: Any) -> str:
    return f" of {_shown(scope[0].name)}" if isinstance(scope[0], sa.Table) else ""


def _names(tables: Iterable[sa.Table]) -> Iterator[tuple[str, str, Any]]:
    """What has a name, the name, and what no two of one name may be in."""
    for table in tables:
        if table.schema is not None:
            yield "schema", table.schema, "schemas"
        yield "table", table.name, ("relations", table.schema)
        for column in table.columns:
            yield "column", column.name, (table, "columns")
            if isinstance(column.type, sa.Enum) and column.type.name:
                yield "enum type", column.type.name, ("types", column.type.schema)
            if isinstance(column.default, sa.Sequence):
                yield "sequence", column.default.name, ("relations", column.default.schema)
        items: list[Any] = [*table.constraints, *table.indexes]
        for item in items:
            if isinstance(item.name, str):
                own = isinstance(item, sa.ForeignKeyConstraint | sa.CheckConstraint)
                scope = (table, "constraints") if own else ("relations", table.schema)
                yield str(item.__visit_name__).replace("_", " "), item.name, scope


def _why_not(name: str, dialect: sa.Dialect, *, cut: bool, is_item: bool) -> str:
    """Why a name cannot be used; empty where it can.

    ``cut``: SQLAlchemy cuts it, as those of a naming convention. ``is_item``: it is that of
    a constraint, an index or a type, of which SQLAlchemy refuses those that are too long.
    """
    if not name:
        return "it is empty"
    if why := _unwritable(name):
        return why
    if dialect.name == "sqlite" and name.lower().startswith("sqlite_"):
        return "SQLite keeps names that begin so for itself"
    if dialect.name == "postgresql" and is_item and not cut and len(name) > 63:
        return f"it has {len(name)} characters, and 63 are the most"
    if dialect.name in MARIADB:
        if len(name) > 64 and not cut:
            return f"it has {len(name)} characters, and 64 are the most"
        if any(ord(character) > 0xFFFF for character in name):
            return "it has a character outside of the Basic Multilingual Plane, such as an emoji"
        if any(character in name for character in "\r\n"):
            return "it has a line break, and SHOW CREATE TABLE cannot be read then"
        if name[-1] == " ":
            return "it ends with a blank"
    return ""


def _unwritable(text: str) -> str:
    if "\0" in text:
        return "it has a NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "it has half of a surrogate pair, which UTF-8 cannot write"
    return ""


def _texts(table: sa.Table, dialect: sa.Dialect) -> Iterator[str]:
    """The same of comments, defaults and the values of enums."""
    if table.comment and (why := _unwritable(table.comment)):
        yield f"comment of {_shown(table.name)}: {why}"
    for column in table.columns:
        where = f"of {_shown(table.name)}.{_shown(column.name)}"
        default = getattr(column.server_default, "arg", None)
        texts = [("comment", column.comment), ("server default", default)]
        if isinstance(column.type, sa.Enum):
            texts += [("enum value", value) for value in column.type.enums]
        for what, text in texts:
            if not isinstance(text, str):
                continue
            why = _unwritable(text)
            is_long = len(text.encode(errors="replace")) > 63
            if what == "enum value" and dialect.name == "postgresql" and is_long:
                why = "it has more than 63 bytes"
            if why:
                yield f"{what} {where}, {_shown(text)}: {why}"


def _nameless_enums(table: sa.Table, dialect: sa.Dialect) -> Iterator[str]:
    """Enums that are types of PostgreSQL's, and which SQLAlchemy does not compile there."""
    for column in table.columns if dialect.name == "postgresql" else ():
        enum, _ = leaf(column.type, dialect)
        if isinstance(enum, sa.Enum) and enum.native_enum and not enum.name:
            yield (
                f"enum type of {_shown(table.name)}.{_shown(column.name)}: it has no name, and "
                "PostgreSQL makes a type of it"
            )


def _targets(table: sa.Table) -> Iterator[str]:
    """Foreign keys whose target SQLAlchemy reads otherwise, here or in the database."""
    for key in table.foreign_keys:
        try:
            target = key.column
        except sa.exc.NoReferenceError:
            continue  # Alembic says what it refers to
        schema, name, _ = target_names(key)
        if "." in target.name:
            yield (
                f"column {_shown(target.name)} of {_shown(target.table.name)}: a foreign key "
                "refers to it, and SQLAlchemy reads the dot as the end of a table's name"
            )
        elif (schema, name) != (target.table.schema, target.table.name):
            yield (
                f"table {_shown(target.table.fullname)}: a foreign key refers to it, and "
                f"SQLAlchemy {sa.__version__} reads the dot as the end of a schema's name"
            )


_UNREADABLE = {"postgresql": ",\n"}
"""What SQLAlchemy does not expect in a column where it reads foreign keys from a database."""


def _key_columns(table: sa.Table, dialect: sa.Dialect) -> Iterator[str]:
    for key in table.foreign_keys:
        with suppress(sa.exc.NoReferenceError):
            for column in (key.parent, key.column):
                for character in _UNREADABLE.get(dialect.name, ""):
                    if character in column.name:
                        yield (
                            f"column {_shown(column.name)} of {_shown(column.table.name)}: "
                            f"SQLAlchemy cannot read a foreign key with {character!r} in the "
                            "name of a column"
                        )


def _shown(name: str) -> str:
    """A name in a message: as it is, or in quotes with what a terminal cannot show escaped."""
    return name if name.isprintable() and name.strip() == name and name else ascii(name)

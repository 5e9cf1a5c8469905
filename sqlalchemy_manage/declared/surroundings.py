"""Schemas and extensions that the tables of a MetaData need, declared beside them."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import event

from ..sql.raw import execute, qualified

_KEY = "sqlalchemy_manage.surroundings"


class Surrounding:
    """What PostgreSQL has beside its tables, and they need; the other databases do without."""

    kind: ClassVar[str]

    def __init__(self, name: str, metadata: sa.MetaData, *, schema: str | None = None) -> None:
        self.name = name
        self.schema = schema
        known: list[Surrounding] = metadata.info.setdefault(_KEY, [])
        if not known:
            event.listen(metadata, "before_create", _create)
        known.append(self)


class Schema(Surrounding):
    """A schema: ``Schema("crm", metadata)``. Those that tables name need no declaration."""

    kind = "schema"

    def __init__(self, name: str, metadata: sa.MetaData) -> None:
        super().__init__(name, metadata)


class Extension(Surrounding):
    """An extension, in ``schema`` or else where the server puts it: ``Extension("citext", md)``."""

    kind = "extension"


def declared_surroundings(metadata: sa.MetaData) -> list[Surrounding]:
    """What was declared with ``metadata``, schemas first."""
    return sorted(metadata.info.get(_KEY, ()), key=lambda item: item.kind != "schema")


def _create(metadata: sa.MetaData, connection: sa.Connection, **kw: Any) -> None:
    if connection.dialect.name == "postgresql":
        for item in declared_surroundings(metadata):
            name = qualified(connection.dialect, item.name)
            where = f" SCHEMA {qualified(connection.dialect, item.schema)}" if item.schema else ""
            execute(connection, f"CREATE {item.kind.upper()} IF NOT EXISTS {name}{where}")

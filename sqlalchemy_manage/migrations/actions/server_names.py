"""MariaDB and MySQL: constraints that the server named, adopted under the revision's names.

``create_all`` leaves the names to the server: ``slug`` and ``book_ibfk_1``. A revision
names its constraints itself, as PostgreSQL would, so that it can drop them by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from ...sql.dialects import MARIADB
from ..operations.renaming import RenameConstraintOp
from ..schema.unnamed import constraints_of, is_name_for

_KINDS = {"unique": "column_names", "foreign key": "constrained_columns"}
_ALIKE = ("column_names", "constrained_columns", "referred_table", "referred_columns")


@dataclass(frozen=True)
class ServerName:
    """A constraint of the database that the first revision calls ``new``."""

    table: str
    kind: str
    old: str
    new: str


def server_names(
    connection: sa.Connection, scratch: sa.Connection, tables: Iterable[str]
) -> Iterator[ServerName]:
    """The constraints of ``connection`` that are those of ``scratch`` under other names.

    Only of those that the revision names for want of a name.
    """
    for table in tables if connection.dialect.name in MARIADB else ():
        there, wanted = (constraints_of(c, None, table) for c in (connection, scratch))
        for kind, columns in _KINDS.items():
            for item in wanted[kind]:
                if not is_name_for(item["name"], kind, table, item[columns]):
                    continue
                same = [other for other in there[kind] if _alike(item, other)]
                if len(same) == 1 and same[0]["name"] != item["name"]:
                    yield ServerName(table, kind, same[0]["name"], item["name"])


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(fact) == other.get(fact) for fact in _ALIKE)


def give_names(connection: sa.Connection, names: Iterable[ServerName]) -> None:
    """Rename the constraints in the database."""
    operations = Operations(MigrationContext.configure(connection))
    for name in names:
        kind = name.kind.replace(" ", "")
        operations.invoke(RenameConstraintOp(name.table, name.old, name.new, type_=kind))

"""Column types that the project's database does not have: told before a revision is written.

Models are often begun on SQLite, which takes any type; MariaDB wants a length of VARCHAR.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.exc import CompileError, UnsupportedCompilationError

from ...errors import MigrationError
from ...models import is_managed
from .names import TITLES


def require_makeable(tables: Iterable[sa.Table], dialect: sa.Dialect) -> None:
    """Raises MigrationError with each column that no statement of ``dialect`` could make."""
    found: list[str] = []
    hints: dict[str, None] = {}
    database = TITLES.get(dialect.name, dialect.name)
    columns = [column for table in tables if is_managed(table) for column in table.columns]
    for column in columns:
        name, kind = f"{column.table.fullname}.{column.name}", column.type
        try:
            kind.compile(dialect=dialect)
        except UnsupportedCompilationError:
            found.append(f"  {name}: there is no type {type(kind).__name__}")
            hints[
                f"Use a type that {database} has; with_variant() in the model gives each database "
                "its own."
            ] = None
        except CompileError as error:
            why = str(error).removesuffix(f" on dialect {dialect.name}").rstrip(".")
            found.append(f"  {name}: {why}")
            if "requires a length" in why:
                hints["Give it a length in the model, such as String(255), or use Text."] = None
    if found:
        what = "this column as the models declare it"
        if len(found) > 1:
            what = "these columns as the models declare them"
        raise MigrationError(
            "\n".join([f"{database} cannot make {what}:", *found]), "\n".join(hints)
        )

"""Column types and expressions that the project's database does not have.

That is told before a revision is written. Models are often begun on SQLite, which takes any
type; MariaDB wants a length of VARCHAR; a construct of the project's own may be compiled for
some dialects only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import CompileError, UnsupportedCompilationError

from ...errors import MigrationError
from ...models import is_managed
from ...sql.raw import sql_of
from ...sqlalchemy_internals import dialects_of
from ..schema.server_form import checks_of
from .names import TITLES


def require_makeable(tables: Iterable[sa.Table], dialect: sa.Dialect) -> None:
    """Raises MigrationError with each column that no statement of ``dialect`` could make.

    So it does with each CHECK, default and index whose expression cannot be compiled.
    """
    found: list[str] = []
    hints: dict[str, None] = {}
    database = TITLES.get(dialect.name, dialect.name)
    managed = [table for table in tables if is_managed(table)]
    columns = [column for table in managed for column in table.columns]
    for column in columns:
        name, kind = f"{column.table.fullname}.{column.name}", column.type
        try:
            kind.compile(dialect=dialect)
        except (UnsupportedCompilationError, AttributeError):  # the latter of a UserDefinedType
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
    only_columns = len(found)
    for table in managed:
        for name, expression in _expressions(table, dialect):
            try:
                sql_of(expression, dialect)
            except UnsupportedCompilationError as error:
                found.append(f"  {table.fullname}, {name}: {_element(error)}")
                hints[f'Compile it for {database} too: @compiles(..., "{dialect.name}").'] = None
            except CompileError:
                continue  # a value that has no literal, and that Alembic writes in its own way
    if found:
        what = "this column as the models declare it"
        if len(found) > 1:
            what = "these columns as the models declare them"
        if len(found) > only_columns:
            what = "this as the models declare it"
        raise MigrationError(
            "\n".join([f"{database} cannot make {what}:", *found]), "\n".join(hints)
        )


def _expressions(table: sa.Table, dialect: sa.Dialect) -> Iterator[tuple[str, Any]]:
    """What is not text in the defaults, CHECKs and indexes of a table, with a name for each."""
    for column in table.columns:
        if isinstance(default := column.server_default, sa.Computed):
            yield f"computed column {column.name}", default.sqltext
        elif isinstance(default, sa.DefaultClause):
            yield f"server default of {column.name}", default.arg
    for check in checks_of(table):
        if _is_for(check, dialect):
            yield f"CHECK {check.name or 'without a name'}", check.sqltext
    for index in table.indexes:
        if _is_for(index, dialect):
            for expression in index.expressions:
                yield f"index {index.name}", expression
            if (where := index.dialect_options[dialect.name].get("where")) is not None:
                yield f"index {index.name}", where


def _is_for(item: Any, dialect: sa.Dialect) -> bool:
    dialects = dialects_of(item)
    return dialects is None or dialect.name in dialects


def _element(error: UnsupportedCompilationError) -> str:
    """SQLAlchemy says more of its compiler than of what it cannot compile."""
    found = re.search(r"element of type <class '.*?([^.']+)'>", str(error))
    return f"{found[1]} is not compiled for this database" if found else str(error)

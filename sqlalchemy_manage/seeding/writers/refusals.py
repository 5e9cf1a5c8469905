"""Why the database refused a seeded row: which factory, which column, which value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError

from ...databases.constraint_errors import Violation, violation
from ...databases.engines import NO_COLUMN, missing_column_hint
from ...errors import SeedError
from ...output import clean
from .values import ValueFault


class RowRefused(SeedError):
    """The database refused rows of ``table``, each by the keys of its columns.

    ``columns``: keys of those whose values are the reason; empty where it names none.
    """

    def __init__(
        self,
        error: SeedError,
        kind: str,
        table: sa.Table,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        super().__init__(error.message, error.hint)
        self.kind = kind
        self.table = table
        self.columns = columns
        self.rows = rows


def refused(
    error: StatementError,
    rows: Sequence[Any],
    factories: Mapping[type, str],
    tables: Iterable[sa.Table],
) -> SeedError:
    """The error for ``rows``, the last to be written: an object, and what came along with it.

    ``factories``: model -> name of its factory.
    """
    broken = (
        violation(error, tables)
        if isinstance(error, DBAPIError)
        else Violation("wrong type", None, ())
    )
    if not rows:
        return SeedError(f"The database refused a row: {error.orig}. Nothing was written.")
    row = _at_fault(rows, broken)
    name = factories.get(type(row), type(row).__name__)
    what = ", ".join(_values(row, broken)) or f"a row ({_whole(row)})"
    return refusal(name, what, reason(broken, error))


def refusal(factory: str, what: str, why: str) -> SeedError:
    """The error for a row of ``factory`` that the database, or its driver, refused."""
    if NO_COLUMN.search(why):
        return SeedError(
            f"{factory}: A column is missing ({why}). Nothing was written.", missing_column_hint()
        )
    return SeedError(
        f"{factory}: the database refuses {what} ({why}). Nothing was written.",
        f"Change that declaration of {factory}, or the constraint.",
    )


@contextmanager
def naming(factory: str) -> Iterator[None]:
    """A value that its column's type refuses, before anything is sent, is one of ``factory``."""
    try:
        yield
    except ValueFault as fault:
        value = f"{fault.table}.{fault.column} = {clean(fault.shown)}"
        raise SeedError(
            f"{factory}: the column's type refuses {value} ({fault.reason}). Nothing was written.",
            f"Change that declaration of {factory}, or the column.",
        ) from fault


def _at_fault(rows: Sequence[Any], broken: Violation) -> Any:
    """The last row of the refused table, or of all, that has a value at fault."""
    found = [row for row in rows if broken.table in {t.name for t in _tables(row)}] or rows
    return next((row for row in reversed(found) if any(_values(row, broken))), found[-1])


def _tables(row: Any) -> list[sa.Table]:
    return [table for table in sa.inspect(type(row)).tables if isinstance(table, sa.Table)]


def _values(row: Any, broken: Violation) -> Iterator[str]:
    mapper = sa.inspect(type(row))
    for column in mapper.local_table.columns:
        if not mapper.columns.contains_column(column):
            continue  # it is another subclass's, in the table that they share
        key = mapper.get_property_by_column(column).key
        value = sa.inspect(row).dict.get(key)
        if column.name in broken.columns or (not broken.columns and _unfit(column, value, broken)):
            yield f"{mapper.local_table.name}.{column.name} = {clean(repr(value))}"


def _unfit(column: sa.Column[Any], value: Any, broken: Violation) -> bool:
    if broken.kind == "too long":
        length = getattr(column.type, "length", None)
        return isinstance(value, str) and length is not None and len(value) > length
    if broken.kind in ("wrong type", "refused"):
        try:
            return value is not None and not isinstance(value, column.type.python_type)
        except NotImplementedError:
            return False
    if broken.kind == "FOREIGN KEY":
        return bool(column.foreign_keys) and value is not None
    return False


def _whole(row: Any) -> str:
    shown = {k: v for k, v in sa.inspect(row).dict.items() if not k.startswith("_")}
    return clean(", ".join(f"{k}={v!r}" for k, v in shown.items()))


def reason(broken: Violation, error: StatementError) -> str:
    """What the row violates, with the constraint's name where it has one."""
    if broken.kind == "refused":
        return str(error.orig).strip().splitlines()[0]
    if broken.constraint:
        return f"{broken.kind}, constraint {broken.constraint}"
    return broken.kind

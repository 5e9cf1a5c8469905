"""One statement for many rows, with less work of SQLAlchemy's for each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import BindTyping


def execute_many(
    connection: sa.Connection,
    statement: sa.Insert | sa.Update,
    names: Sequence[str],
    columns: Sequence[Sequence[Any]],
    count: int,
) -> None:
    """Execute ``statement`` for each row of ``columns``, the values of the parameters ``names``.

    As ``connection.execute`` with a list of dictionaries, but that values are converted by
    column, and not by row; for a statement that asks for more than that, it is that.
    """
    compiled = statement.compile(dialect=connection.dialect)
    dialect = connection.dialect
    if (
        not names
        or compiled.prefetch
        or set(compiled.binds) != set(names)
        or dialect.bind_typing is BindTyping.SETINPUTSIZES
    ):
        rows = zip(*columns, strict=True) if names else [()] * count
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
        return
    converted = {}
    for name, values in zip(names, columns, strict=True):
        bind: Callable[[Any], Any] | None = (
            compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        )
        converted[name] = values if bind is None else [bind(value) for value in values]
    if compiled.positional:
        order = compiled.positiontup or ()
        parameters: Any = list(zip(*(converted[name] for name in order), strict=True))
    else:
        parameters = [
            dict(zip(names, row, strict=True))
            for row in zip(*(converted[name] for name in names), strict=True)
        ]
    connection.exec_driver_sql(str(compiled), parameters)

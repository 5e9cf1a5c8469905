"""What constraints want of the rows that there are, and who is named when one refuses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.exc import DBAPIError

from ... import advice
from ...databases.error_kinds import fault_of
from ...errors import RowsInTheWay
from ...sql.create_statements import database_of
from ...sql.dialects import MARIADB
from ...sql.exclusions import read_exclusion
from ...sql.raw import qualified, sql_of, undoubled
from ...sql.tokens import words_of
from ...sqlalchemy_internals import ddl_compiler
from .violating_rows import Rule, StoredRows, ViolatingRows

_ORDER = re.compile(r"\s+(ASC|DESC|NULLS\s+(FIRST|LAST))\s*$", re.IGNORECASE)


def rule_of(item: Any, dialect: sa.Dialect) -> Rule | None:
    """The rule of a constraint or an index; None where any rows will do."""
    name = str(item.name or "")
    options = getattr(item, "dialect_kwargs", {})
    if options.get("postgresql_not_valid"):
        return None
    equal = dialect.name == "postgresql" and bool(options.get("postgresql_nulls_not_distinct"))
    if isinstance(item, sa.Index):
        return _of_index(item, name, equal, dialect) if item.unique else None
    if isinstance(item, sa.CheckConstraint):
        return check(dialect, name, undoubled(sql_of(item.sqltext, dialect), dialect))
    if isinstance(item, ExcludeConstraint):
        return _of_exclusion(item, name, dialect)
    if isinstance(item, sa.ForeignKeyConstraint):
        others = [element.column for element in item.elements]
        table = others[0].table
        target = table.schema, table.name, [column.name for column in others]
        return foreign_key(dialect, name, [column.name for column in item.columns], target)
    if isinstance(item, sa.UniqueConstraint):
        return unique(dialect, name, [c.name for c in item.columns], nulls_equal=equal)
    return None


def _quoted(dialect: sa.Dialect, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(qualified(dialect, name) for name in names)


def unique(
    dialect: sa.Dialect, name: str, columns: Iterable[str], *, nulls_equal: bool = False
) -> Rule:
    """The rule of a UNIQUE over columns."""
    names = tuple(map(str, columns))
    return Rule("UNIQUE", name, _quoted(dialect, names), names, nulls_equal=nulls_equal)


def foreign_key(
    dialect: sa.Dialect,
    name: str,
    columns: Iterable[str],
    target: tuple[str | None, str, Iterable[str]],
) -> Rule:
    """The rule of a foreign key; ``target``: schema, table and columns that it refers to."""
    names = tuple(map(str, columns))
    schema, table, others = target
    refers = qualified(dialect, schema, table), _quoted(dialect, others)
    return Rule("FOREIGN KEY", name, _quoted(dialect, names), names, target=refers)


def primary_key(dialect: sa.Dialect, name: str, columns: Iterable[str]) -> Rule:
    """The rule of a primary key over columns."""
    names = tuple(map(str, columns))
    return Rule("PRIMARY KEY", name, _quoted(dialect, names), names, no_nulls=True)


def not_null(dialect: sa.Dialect, columns: Iterable[str]) -> Rule:
    """The rule of columns that are NOT NULL."""
    names = tuple(map(str, columns))
    return Rule("NOT NULL", "", _quoted(dialect, names), names)


def check(dialect: sa.Dialect, name: str, condition: str) -> Rule:
    """The rule of a CHECK; its columns are among the names in it."""
    words = [
        w.name
        for w in words_of(condition, database_of(dialect.name))
        if w.kind in ("word", "quoted")
    ]
    return Rule("CHECK", name, columns=tuple(dict.fromkeys(words)), condition=condition)


def _of_index(index: sa.Index, name: str, equal: bool, dialect: sa.Dialect) -> Rule:
    options = index.dialect_options[dialect.name]
    lengths = options.get("length") or {}
    keys, shown = [], []
    for expression in index.expressions:
        while isinstance(expression, sa.UnaryExpression) and expression.modifier is not None:
            expression = expression.element
        if isinstance(expression, sa.Column):
            text, label = qualified(dialect, expression.name), str(expression.name)
            length = lengths if isinstance(lengths, int) else lengths.get(expression.name)
            if length and dialect.name in MARIADB:
                text = label = f"LEFT({text}, {length})"
        else:
            text = _ORDER.sub("", undoubled(sql_of(expression, dialect), dialect))
            label = text
        keys.append(f"({text})" if label is text else text)
        shown.append(label)
    where = options.get("where")
    condition = "" if where is None else undoubled(sql_of(where, dialect), dialect)
    return Rule("UNIQUE", name, tuple(keys), tuple(shown), condition, nulls_equal=equal)


def _of_exclusion(item: ExcludeConstraint, name: str, dialect: sa.Dialect) -> Rule | None:
    if dialect.name != "postgresql":
        return None
    found = read_exclusion(undoubled(str(ddl_compiler(dialect).process(item)), dialect))
    keys, operators = zip(*found.elements, strict=True)
    return Rule("EXCLUDE", name, keys, where=found.where, operators=operators)


@contextmanager
def rows_named(
    impl: Any, schema: str | None, table: str, rules: Callable[[DBAPIError], Iterable[Rule | None]]
) -> Iterator[None]:
    """Around a statement: where rows are at fault for its failure, they are named.

    ``rules``: what the statement wants of the rows of the table, given the error. Raises
    RowsInTheWay in place of the database's error; another error stays as it is.
    """
    connection = impl.connection
    if impl.as_sql or connection is None:
        yield
        return
    apart = None
    autocommits = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
    if connection.dialect.name == "postgresql" and not autocommits:
        with suppress(DBAPIError):  # a revision may have sent COMMIT
            apart = connection.begin_nested()  # nothing can be asked after an error but there
    try:
        yield
    except DBAPIError as error:
        if apart is not None:
            apart.rollback()
        if fault_of(error) is not None:
            raise
        stored = StoredRows(connection, schema, table)
        for rule in rules(error):
            if rule is not None and (broken := stored.violating(rule)):
                raise refused(broken) from error
        raise
    except BaseException:
        if apart is not None and apart.is_active:
            apart.rollback()
        raise
    if apart is not None:
        apart.commit()


def refused(broken: ViolatingRows) -> RowsInTheWay:
    """What is said when the database does not take a constraint."""
    return RowsInTheWay(
        f"the data does not allow {broken.rule}. {broken}",
        f"Correct these rows, by hand or with an UPDATE in the revision before the constraint; "
        f"then: {advice.AFTER_FIX_OF_ROWS}",
    )


class NamesRefusedRows(DefaultImpl):
    """A constraint that rows do not keep fails with their keys and values."""

    def add_constraint(self, const: Any, **kw: Any) -> None:
        with self._named(const):
            super().add_constraint(const, **kw)

    def create_index(self, index: sa.Index, **kw: Any) -> None:
        with self._named(index):
            super().create_index(index, **kw)

    @contextmanager
    def _named(self, item: Any) -> Iterator[None]:
        table = item.table
        with rows_named(self, table.schema, table.name, lambda _: [rule_of(item, self.dialect)]):
            yield

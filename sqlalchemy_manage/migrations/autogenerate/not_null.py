"""NOT NULL columns on tables with rows: first decide what the rows get.

The column is added nullable, filled, and only then made NOT NULL: three steps that run on
every database, and leave the model's own definition, with no default it does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.dialects import postgresql

from ...errors import UsageError
from ...models import column_named
from ..operations.filling import FilledOp, FillNullsOp
from ..operations.values import parse_value, undecorated
from ..questions import Key, Option, Question, dotted, flag, quoted
from ..revisions.describe import flat
from .context import ComparisonContext


def asks_for_value(review: ComparisonContext, key: Key, column: sa.Column[Any]) -> bool:
    """Whether adding ``column`` needs a value for the existing rows."""
    return (
        not column.nullable
        and column.server_default is None
        and column.computed is None
        and column.identity is None
        and not _constant_default(column)
        and review.rows(*key) != 0
    )


def _constant_default(column: sa.Column[Any]) -> bool:
    return column.default is not None and column.default.is_scalar


def resolve_not_null(review: ComparisonContext, operations: ops.UpgradeOps) -> None:
    """Change ``operations`` to run on tables with rows; asks what the flags leave open.

    Raises UsageError for a value that does not fit the column.
    """
    created = {
        (op.schema, op.table_name) for op in operations.ops if isinstance(op, ops.CreateTableOp)
    }
    for modify in list(operations.ops):
        if isinstance(modify, ops.ModifyTableOps):
            key = (modify.schema, modify.table_name)
            if key not in created:
                _settle_table(review, operations, modify, key)


def _settle_table(
    review: ComparisonContext, operations: ops.UpgradeOps, modify: ops.ModifyTableOps, key: Key
) -> None:
    first: list[Any] = []
    for holder, op in list(flat(modify.ops)):
        if isinstance(op, ops.AddColumnOp):
            first += _added(review, key, holder, op)
        elif isinstance(op, ops.AlterColumnOp) and op.modify_nullable is False:
            first += _altered(review, key, holder, op)
    if first:
        index = operations.ops.index(modify)
        operations.ops[index:index] = first


def _added(
    review: ComparisonContext, key: Key, holder: list[Any], op: ops.AddColumnOp
) -> Iterator[Any]:
    column = op.column
    if column.nullable or column.server_default is not None:
        return
    if column.computed is not None or column.identity is not None or column.primary_key:
        return
    rows = review.rows(*key)
    unfilled = _Unfilled(review, key, column, rows, adds=True)
    if unfilled.name in review.undecided:
        return
    if rows == 0 and not unfilled.is_told:
        review.notices.append(
            f"{dotted(*key)} is empty here, so {column.name} NOT NULL can be added. Where it has "
            f"rows the revision stops; {flag('--default', quoted(*key, column.name) + '=VALUE')} "
            "would fill them."
        )
        return
    fill = unfilled.fill()
    if fill is None:
        return
    index = holder.index(op)
    nullable = sa.Column(column.name, column.type, nullable=True, comment=column.comment)
    addition = ops.AddColumnOp(key[1], nullable, schema=key[0])
    if fill == "nullable":
        holder[index] = addition
        return
    holder[index] = FilledOp(
        key[1],
        column.name,
        schema=key[0],
        existing_type=column.type,
        existing_nullable=True,
        existing_comment=column.comment,
        modify_nullable=False,
    )
    # On SQLite outside of a batch: ADD COLUMN copies nothing.
    yield addition
    yield fill


def _altered(
    review: ComparisonContext, key: Key, holder: list[Any], op: ops.AlterColumnOp
) -> Iterator[Any]:
    column = column_named(review.tables[key], op.column_name)
    assert column is not None
    rows = review.rows(*key)
    values = review.values(*key, op.column_name)
    without = None if rows is None or values is None else rows - values
    unfilled = _Unfilled(review, key, column, without, adds=False)
    if without == 0 and not unfilled.is_told:
        return
    fill = unfilled.fill()
    if fill == "nullable":
        op.modify_nullable = None
        if not op.has_changes():
            holder.remove(op)
    elif fill is not None:
        yield fill


@dataclass(frozen=True)
class _Unfilled:
    """Rows without a value in a column that is NOT NULL; ``rows``: how many, None if not seen.

    ``adds``: the column is new.
    """

    review: ComparisonContext
    key: Key
    column: sa.Column[Any]
    rows: int | None
    adds: bool

    @property
    def name(self) -> str:
        return dotted(*self.key, self.column.name)

    @property
    def is_told(self) -> bool:
        """Whether a flag says what the rows get."""
        answers = self.review.answers
        given = (answers.defaults, answers.server_defaults, answers.nullable)
        return any(self.name in names for names in given)

    def fill(self) -> Any:
        """The operation that fills the column, ``"nullable"``, or None while that is open."""
        name, column, answers = self.name, self.column, self.review.answers
        answers.used |= {(f, name) for f in ("--default", "--server-default", "--nullable")}
        if name in answers.nullable:
            return "nullable"
        if name in answers.server_defaults:
            return FillNullsOp.of(self.key, column, sql=answers.server_defaults[name])
        if name in answers.defaults:
            return self._with_value(answers.defaults[name])
        if _constant_default(column) and not is_unique(column):
            value = _stored(column, column.default.arg)  # type: ignore[union-attr]
            get = "gets" if self.rows == 1 else "get"
            self.review.notices.append(
                f"{self._many()} {get} {value!r} in {column.name}, the model's default."
            )
            return FillNullsOp.of(self.key, column, value=value)
        answer = self.review.ask(self._question())
        if answer.open:
            return None
        if answer.answer == "value":
            return self._with_value(answer.value or "")
        if answer.answer == "sql":
            return FillNullsOp.of(self.key, column, sql=answer.value)
        return "nullable"

    def _with_value(self, text: str) -> FillNullsOp:
        value = parse_value(text, self.column, self.name)
        if is_unique(self.column) and self.rows != 1:
            raise UsageError(
                f"--default {self.name}: the column is unique, so one value cannot fill "
                f"{self._many().replace('The', 'the')}.",
                f"Allow NULL first, fill it row by row, then repeat: "
                f"{flag('--nullable', quoted(*self.key, self.column.name))}",
            )
        return FillNullsOp.of(self.key, self.column, value=value)

    def _many(self) -> str:
        if self.rows is None:
            return f"The rows of {dotted(*self.key)} (they cannot be seen here)"
        what = "row" if self.adds else "row without a value"
        many = what if self.rows == 1 else what.replace("row", "rows")
        return f"{self.rows:,} {many} of {dotted(*self.key)}"

    def _question(self) -> Question:
        column, name = self.column, self.name
        place = quoted(*self.key, column.name)
        type_ = column.type.compile(self.review.connection.dialect)
        example = _example(column)
        options = [
            Option(
                "value",
                "a value, once",
                (flag("--default", f"{place}={example}"),),
                f"a Python literal for {type_}, such as {example}",
                check=lambda text: parse_value(text, column),
            ),
            Option(
                "sql",
                "an SQL expression, once",
                (flag("--server-default", f"{place}=EXPRESSION"),),
                "an SQL expression, such as CURRENT_TIMESTAMP or another column",
            ),
            Option("nullable", "allow NULL for now", (flag("--nullable", place),)),
        ]
        remark = ""
        if is_unique(column) and self.rows != 1:
            remark = "One value for all is no answer: the column is unique."
        elif not example:
            remark = f"A value cannot be typed for {type_}."
        if remark:
            del options[0]
        title = f"The new column {name} is NOT NULL" if self.adds else f"{name} becomes NOT NULL"
        does = "What does" if self.rows == 1 else "What do"
        return Question(
            "required",
            name,
            f"{title} ({type_}). {does} {self._many().replace('The', 'the')} get?",
            tuple(options),
            "nullable",
            remark,
        )


def _example(column: sa.Column[Any]) -> str:
    """A value for the flag that parse_value takes; empty for a type that has none."""
    if isinstance(column.type, sa.PickleType):
        return 'b"N."'  # None, pickled
    type_ = undecorated(column.type)
    if isinstance(type_, sa.Enum) and type_.enums:
        return f'"{type_.enums[0]}"'
    text = next((text for kind, text in _EXAMPLES if isinstance(type_, kind)), '""')
    with suppress(UsageError):
        parse_value(text, column)
        return text
    return ""


_EXAMPLES: tuple[tuple[Any, str], ...] = (
    (sa.Boolean, "False"),
    ((sa.Numeric, sa.Float, sa.Integer), "0"),
    (sa.DateTime, '"2026-01-31T09:00:00"'),
    (sa.Date, '"2026-01-31"'),
    (sa.Time, '"09:00:00"'),
    ((sa.Interval, postgresql.INTERVAL), "0"),
    (sa.Uuid, '"00000000-0000-0000-0000-000000000000"'),
    ((sa.LargeBinary, sa.BINARY, sa.VARBINARY), 'b""'),
    (sa.JSON, "{}"),
    (sa.ARRAY, "[]"),
)


def _stored(column: sa.Column[Any], value: Any) -> Any:
    """A Python default as the database holds it; members of an Enum by their stored text."""
    if isinstance(column.type, sa.Enum):
        process = column.type.bind_processor(sa.create_mock_engine("sqlite://", print).dialect)
        return process(value) if process else value
    return value


def is_unique(column: sa.Column[Any]) -> bool:
    """Whether two rows may not have the same value in ``column``."""
    table = column.table
    alone: list[Any] = [
        *(c for c in table.constraints if isinstance(c, sa.UniqueConstraint)),
        *(i for i in table.indexes if i.unique),
    ]
    return any([c.name for c in item.columns] == [column.name] for item in alone)

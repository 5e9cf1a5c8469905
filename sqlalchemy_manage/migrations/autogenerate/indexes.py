"""Indexes as a whole: expressions, order, predicate, method, INCLUDE, operator classes, prefixes.

Alembic compares columns, UNIQUE and NULLS NOT DISTINCT, on PostgreSQL expressions too,
though by their letters. Here the rest is compared, and what Alembic found to differ by
its letters alone is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import conv

from ...sql.expressions import same
from ...sql.raw import literally, sql_of
from ...sql.tokens import text_of, tokens
from ..alembic_internals import undo_of, undone_by
from ..schema.server_form import made_of
from .checks import as_written, meant, name_of
from .compared import ComparedTable
from .state import state_of


@dataclass(frozen=True)
class Key:
    """What an index is of: a column or an expression, how it is sorted, and what belongs to it."""

    text: str
    order: tuple[str, ...] = ()
    operators: str | None = None
    length: int | None = None


@dataclass(frozen=True)
class IndexShape:
    """Everything about an index but its name."""

    unique: bool
    keys: tuple[Key, ...]
    where: str = ""
    options: tuple[tuple[str, str], ...] = ()


def compare_indexes(it: ComparedTable) -> None:
    context, modify, schema, table_name = it.context, it.modify, it.schema, it.table_name
    table, conn_table = it.table, it.conn_table
    dialect = context.dialect
    elsewhere = _leave_to_other_dialects(it)
    if (conn_table is None or table is None) and dialect.name != "sqlite" and not elsewhere:
        return
    reflected = (
        context.inspector.get_indexes(table_name, schema=schema) if conn_table is not None else []
    )
    there = {
        str(index["name"]): index
        for index in reflected
        if "duplicates_constraint" not in index
        and context.run_name_filters(
            index["name"], "index", {"table_name": table_name, "schema_name": schema}
        )
    }
    wanted = {
        str(name_of(index, dialect)): index
        for index in (() if table is None else table.indexes)
        if meant(index, context)
    }
    for name in sorted({*there, *wanted}):
        found, index = there.get(name), wanted.get(name)
        mine = [op for op in modify.ops if _is_of(op, name)]
        if index is None and not _is_expression(found, dialect):
            continue  # a unique constraint, or Alembic has dropped it
        if found is None and (mine or dialect.name != "sqlite") and name not in elsewhere:
            continue  # Alembic creates it
        if found is not None and index is not None and table is not None:
            # Alembic's are taken back: it may have found letters to differ only, or seen one side.
            modify.ops = [op for op in modify.ops if op not in mine]
            if not _differs(context, table, conn_table, index, name, found):
                continue
        drop = None if found is None else _drop(table_name, schema, name, found, dialect)
        old = None if drop is None else undo_of(drop).to_index(context.migration_context)
        item, other = (old, None) if index is None else (index, old)
        if not context.run_object_filters(item, name, "index", index is None, other):
            continue
        if drop is not None:
            modify.ops.insert(0, drop)
        if index is not None:
            modify.ops.append(ops.CreateIndexOp.from_index(index))


def _leave_to_other_dialects(it: ComparedTable) -> set[str]:
    """Take out what Alembic creates of indexes whose ``ddl_if`` is for other databases; their
    names, by which an index may be for this one.

    An index without any column, which no database makes, is passed over: what the database
    has by its name stays.
    """
    names: set[str] = set()
    for index in () if it.table is None else it.table.indexes:
        name = str(name_of(index, it.context.dialect))
        if not index.expressions:
            state_of(it.context.migration_context).notices.append(
                f"The index {index.name} of {it.table.fullname} has no columns in the models; it "
                "is passed over."
            )
            it.modify.ops = [op for op in it.modify.ops if not _is_of(op, name)]
        elif not meant(index, it.context):
            names.add(name)
    it.modify.ops = [
        op
        for op in it.modify.ops
        if not (isinstance(op, ops.CreateIndexOp) and op.index_name in names)
    ]
    return names


def _is_of(op: Any, name: str) -> bool:
    return isinstance(op, (ops.CreateIndexOp, ops.DropIndexOp)) and op.index_name == name


def _is_expression(found: Any, dialect: sa.Dialect) -> bool:
    """Whether it is an index that Alembic does not see."""
    return dialect.name == "sqlite" and "expressions" in found


def _differs(
    context: Any, table: sa.Table, conn_table: sa.Table, index: sa.Index, name: str, found: Any
) -> bool:
    dialect = context.dialect
    there = shape_of_reflected(found, dialect)
    if _equal(_shape_of(index, dialect), there):
        return False
    made = made_of(context, table, conn_table)
    if made is None or name not in made.indexes:
        return True
    return not _equal(shape_of_reflected(made.indexes[name], dialect), there)


def _equal(model: IndexShape, there: IndexShape) -> bool:
    return (
        (model.unique, model.options, len(model.keys), bool(model.where))
        == (there.unique, there.options, len(there.keys), bool(there.where))
        and same(model.where, there.where)
        and all(
            (a.order, a.operators, a.length) == (b.order, b.operators, b.length)
            and same(a.text, b.text)
            for a, b in zip(model.keys, there.keys, strict=True)
        )
    )


_ORDERS = {
    operators.asc_op: "asc",
    operators.desc_op: "desc",
    operators.nulls_first_op: "nulls_first",
    operators.nulls_last_op: "nulls_last",
}


def _shape_of(index: sa.Index, dialect: sa.Dialect) -> IndexShape:
    options = {
        key: value
        for key, value in index.dialect_options[dialect.name].items()
        if not _is_unset(value)
    }
    lengths = options.get("length", {})
    keys = []
    for expression in index.expressions:
        orders: set[str] = set()
        names: set[Any] = set()
        while isinstance(expression, (sa.UnaryExpression, sa.Label)):
            if isinstance(expression, sa.Label):
                names.add(expression.name)
            elif expression.modifier in _ORDERS:
                orders.add(_ORDERS[expression.modifier])
            else:
                break
            expression = expression.element
        names |= {getattr(expression, "key", None), getattr(expression, "name", None)}
        text = _column_or_text(expression, dialect)
        text, written = _trailing_order(text)
        keys.append(
            Key(
                text,
                _order(orders | written, dialect),
                next((v for k, v in options.get("ops", {}).items() if k in names), None),
                lengths
                if isinstance(lengths, int)
                else next((v for k, v in lengths.items() if k in names), None),
            )
        )
    where = options.get("where")
    if index.table is not None and "include" in options:
        # What is a text is a column's key.
        columns = index.table.columns
        options["include"] = [columns.get(column, column) for column in options["include"]]
    return IndexShape(
        bool(index.unique),
        tuple(keys),
        "" if where is None else sql_of(where, dialect),
        _options(options),
    )


def _column_or_text(expression: Any, dialect: sa.Dialect) -> str:
    if isinstance(expression, sa.Column):
        return dialect.identifier_preparer.quote(expression.name)
    return sql_of(expression, dialect)


def _trailing_order(text: str) -> tuple[str, set[str]]:
    """An expression written as text, and the DESC or NULLS LAST at its end."""
    found = tokens(text)
    orders: set[str] = set()
    while True:
        words = [i for i, t in enumerate(found) if t.kind not in ("space", "comment")]
        last = [found[i].text.lower() for i in words[-2:]]
        if len(last) == 2 and last[-1] in ("asc", "desc"):
            orders.add(last[-1])
            found = found[: words[-1]]
        elif len(last) == 2 and last[0] == "nulls" and last[1] in ("first", "last"):
            orders.add("_".join(last))
            found = found[: words[-2]]
        else:
            return text_of(found), orders


def _order(words: Any, dialect: sa.Dialect) -> tuple[str, ...]:
    """How a key is sorted, without the defaults."""
    descending = "desc" in words
    order = ["desc"] if descending else []
    if dialect.name == "postgresql":
        order += ["nulls_last"] if descending and "nulls_last" in words else []
        order += ["nulls_first"] if not descending and "nulls_first" in words else []
    return tuple(order)


def shape_of_reflected(found: Any, dialect: sa.Dialect) -> IndexShape:
    """The shape of an index as the Inspector describes it."""
    quote = dialect.identifier_preparer.quote
    prefix = f"{dialect.name}_"
    options = {
        key.removeprefix(prefix): value
        for key, value in found.get("dialect_options", {}).items()
        if key.startswith(prefix) and not _is_unset(value)
    }
    sorting = found.get("column_sorting", {})
    columns = found["column_names"]
    keys = tuple(
        Key(
            quote(column) if column is not None else found["expressions"][i],
            _order(sorting.get(name, ()), dialect),
            options.get("ops", {}).get(name),
            options.get("length", {}).get(name),
        )
        for i, column in enumerate(columns)
        for name in [column if column is not None else found["expressions"][i]]
    )
    return IndexShape(bool(found["unique"]), keys, str(options.get("where", "")), _options(options))


def _is_unset(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, (list, tuple, dict)) and not value)


def _options(options: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_worded(options)))


def _worded(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in options.items():
        if key == "include":
            yield key, ", ".join(getattr(column, "name", str(column)) for column in value)
        elif key == "with":
            yield key, ", ".join(f"{k}={v}" for k, v in sorted(value.items()))
        elif key == "using" and str(value).lower() == "btree":
            continue
        elif key in ("using", "prefix"):
            yield key, str(value).lower()
        elif key in ("nulls_not_distinct", "with_parser"):
            yield key, str(value)


def _drop(
    table: str, schema: str | None, name: str, found: Any, dialect: sa.Dialect
) -> ops.DropIndexOp:
    """The drop of what the database has, which a downgrade creates again as it was."""
    shape = shape_of_reflected(found, dialect)
    keys: list[Any] = []
    for column, key in zip(found["column_names"], shape.keys, strict=True):
        if column is not None and not key.order and not key.operators:
            keys.append(column)
        else:
            text = key.text if column is not None else as_written(key.text, dialect)
            if column is None and dialect.name != "sqlite":
                text = f"({text})"
            order = " ".join(key.order).replace("_", " ").upper()
            words = filter(None, (text, key.operators, order))
            keys.append(sa.text(literally(" ".join(words))))
    options = {
        k: v
        for k, v in found.get("dialect_options", {}).items()
        if not _is_unset(v) and not k.endswith("_ops")
    }
    for option, value in options.items():
        if option.endswith("_where"):
            options[option] = sa.text(literally(as_written(str(value), dialect)))
    options["unique"] = bool(found["unique"])
    reverse = ops.CreateIndexOp(conv(name), table, keys, schema=schema, **options)
    return undone_by(ops.DropIndexOp(conv(name), table, schema=schema, **options), reverse)

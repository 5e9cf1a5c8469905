"""Renames of tables and columns: what the flags and the models say, and what must be asked.

A comparison sees a rename as a drop and an addition. An accepted rename is applied to
the snapshot and the comparison made again, so that what changed besides the name (type,
nullability, indexes, foreign keys) comes out as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...errors import UsageError, did_you_mean
from ..operations.moving import MoveTableOp
from ..operations.renaming import RenameColumnOp, RenameTableOp
from ..questions import Key, Option, Question, dotted, flag, many, quoted
from ..revisions.describe import flat
from .context import ComparisonContext
from .likeness import column_score, may_become, table_score
from .not_null import asks_for_value, is_unique

_MAX_NAME = 63

Place = tuple[Any, ...]
"""Schema and name of a table, and a column of it."""

AskedOf = Callable[[ComparisonContext, Place, list[Place]], Question]
"""Makes the question whether a thing was renamed to one of several."""


def resolve_renames(
    review: ComparisonContext, operations: ops.UpgradeOps
) -> tuple[list[Any], ops.UpgradeOps]:
    """The rename operations, tables first, and the comparison that is left after them.

    Raises UsageError for a flag that fits neither the database nor the models.
    """
    made: list[Any] = []
    for kind in (_given_tables, _asked_tables, _given_columns, _asked_columns):
        found = list(kind(review, operations))
        if found:
            made += found
            operations = review.compare()
    return made, operations


def in_order(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The renames one after the other, so that no step meets a name that is still taken.

    Of a chain (a to b, b to c) the last goes first; a swap goes by way of a third name.
    """
    left = dict(names)
    steps: list[tuple[str, str]] = []
    while left:
        free = [old for old, new in left.items() if new not in left]
        if free:
            steps += [(old, left.pop(old)) for old in free]
            continue
        old = next(iter(left))
        aside = name_aside(old)
        steps.append((old, aside))
        left[aside] = left.pop(old)
    return steps


def name_aside(old: str) -> str:
    """The third name by which two swap theirs."""
    return f"_renaming_{old}"[:_MAX_NAME]


def _tables(review: ComparisonContext, schema: str | None, names: dict[str, str]) -> Iterator[Any]:
    review.rename_tables(schema, names)
    for old, new in in_order(names):
        yield RenameTableOp(old, new, schema=schema)


def _columns(review: ComparisonContext, key: Key, names: dict[str, str]) -> Iterator[Any]:
    review.rename_columns(*key, names)
    for new in names.values():
        # Printed for the case that another column does not become this one.
        flags = ("--default", "--server-default", "--nullable")
        review.answers.used |= {(flag_name, dotted(*key, new)) for flag_name in flags}
    for old, new in in_order(names):
        yield RenameColumnOp(key[1], old, new, schema=key[0])


def _given_tables(review: ComparisonContext, operations: ops.UpgradeOps) -> Iterator[Any]:
    """What ``--rename-table`` and ``info={"renamed_from": ...}`` of a table say."""
    given: dict[str | None, dict[str, str]] = {}
    for text, target in review.answers.rename_tables.items():
        old, new = _split(review, text), _split(review, target)
        if old[0] and "." not in target and new not in review.tables:
            new = (old[0], target)  # the new name alone
        if old[0] == new[0]:
            given.setdefault(old[0], {})[old[1]] = new[1]
        else:
            _check_move(review, old, new)
            yield from _moved(review, old, new)
    for schema, names in given.items():
        present = review.snapshot.get_table_names(schema)
        wanted = [table for s, table in review.tables if s == schema]
        inside = f"{schema}." if schema else ""
        _check(f"--rename-table {inside}", "the database has no table", names, present, wanted)
        yield from _tables(review, schema, names)
    for (schema, name), table in review.tables.items():
        hint = table.info.get("renamed_from")
        present = review.snapshot.get_table_names(schema)
        if hint in present and name not in present:
            yield from _tables(review, schema, {hint: name})


def _moved(review: ComparisonContext, old: Key, new: Key) -> Iterator[Any]:
    """A table goes to another schema, and gets a new name there if it has one."""
    if old[1] != new[1]:
        yield from _tables(review, old[0], {old[1]: new[1]})
    review.move_table(new[1], old[0], new[0])
    yield MoveTableOp(new[1], new[0], old[0])


def _check_move(review: ComparisonContext, old: Key, new: Key) -> None:
    """Raises UsageError unless the table is in the one place, and wanted in the other."""
    title = f"--rename-table {dotted(*old)}={dotted(*new)}: "
    present = review.snapshot.get_table_names(old[0])
    if old[1] not in present:
        raise UsageError(
            f"{title}the database has no table '{dotted(*old)}'." + did_you_mean(old[1], present)
        )
    wanted = [dotted(*key) for key in review.tables]
    if new not in review.tables:
        raise UsageError(
            f"{title}the models have no '{dotted(*new)}'." + did_you_mean(dotted(*new), wanted),
            "Give the table its schema in the models first, then repeat the command.",
        )
    if new[1] in review.snapshot.get_table_names(new[0]):
        raise UsageError(f"{title}'{dotted(*new)}' already exists in the database.")


def _split(review: ComparisonContext, text: str) -> Key:
    """``schema.table`` or ``table``, distinguished by the schemas that are compared."""
    schemas = {schema for schema, _ in review.tables} | review.snapshot.schemas
    schema, dot, table = text.partition(".")
    if dot and schema == review.connection.dialect.default_schema_name:
        return (None, table)
    return (schema, table) if dot and schema in schemas else (None, text)


def _given_columns(review: ComparisonContext, operations: ops.UpgradeOps) -> Iterator[Any]:
    """What ``--rename`` and ``info={"renamed_from": ...}`` of a column say."""
    for text, names in review.answers.rename_columns.items():
        key = _split(review, text)
        renamed = review.answers.rename_tables.get(text, text)
        if key not in review.tables:
            key = _split(review, renamed)
        present = review.snapshot.columns(*key)
        if not present or key not in review.tables:
            where = "the models have" if present else "the database has"
            known = review.snapshot.get_table_names(key[0])
            raise UsageError(
                f"--rename: {where} no table '{text}'." + did_you_mean(text, known),
                "To rename a table: --rename-table OLD=NEW",
            )
        wanted = [column.name for column in review.tables[key].columns]
        _check(f"--rename {dotted(*key)}.", f"{dotted(*key)} has no column", names, present, wanted)
        yield from _columns(review, key, names)
    for key, table in review.tables.items():
        # As often as something fits: of a chain of hints the last has to go first.
        while names := _hinted(review, key, table):
            yield from _columns(review, key, names)


def _hinted(review: ComparisonContext, key: Key, table: sa.Table) -> dict[str, str]:
    """The first column of the models whose old name, and not the new one, is in the database."""
    present = review.snapshot.columns(*key)
    for column in table.columns:
        hint = column.info.get("renamed_from")
        if hint in present and column.name not in present:
            return {hint: column.name}
    return {}


def _check(
    start: str, lacks: str, names: Mapping[str, str], present: list[str], wanted: list[str]
) -> None:
    """Raises UsageError unless every old name exists, every new one is wanted and free."""
    for old, new in names.items():
        title = f"{start}{old}={new}: "
        if old not in present:
            if new in present and new in wanted:
                raise UsageError(
                    f"{title}{lacks} '{old}', but has '{new}': it is already renamed.",
                    "Repeat the command without this flag.",
                )
            raise UsageError(f"{title}{lacks} '{old}'." + did_you_mean(old, present))
        if new not in wanted:
            raise UsageError(
                f"{title}the models have no '{new}'." + did_you_mean(new, wanted),
                "Rename it in the models first, then repeat the command.",
            )
        if new in present and new not in names:
            raise UsageError(
                f"{title}'{new}' already exists in the database.",
                "Drop or rename that one first, in a separate revision.",
            )


def _asked_tables(review: ComparisonContext, operations: ops.UpgradeOps) -> Iterator[Any]:
    created = {
        (op.schema, op.table_name): review.tables.get((op.schema, op.table_name))
        for op in operations.ops
        if isinstance(op, ops.CreateTableOp)
    }
    pairs = []
    for op in operations.ops:
        if not isinstance(op, ops.DropTableOp):
            continue
        key = (op.schema, op.table_name)
        if dotted(*key) in review.answers.allow_drop or not review.made(*key):
            continue
        for new, table in created.items():
            # To another schema it goes by its own name; SQLite has none.
            moves = new[0] != op.schema
            if table is None or (moves and (new[1] != op.table_name or _has_no_schemas(review))):
                continue
            score = table_score(op.to_table(), table)
            if score >= 0.5:
                pairs.append((score, key, new))
    pairs.sort(key=lambda p: (-p[0], p[1][1], p[2][1]))
    accepted: dict[str | None, dict[str, str]] = {}
    for old, new in _ask(review, [pair[1:] for pair in pairs], _table_question).items():
        if old[0] == new[0]:
            accepted.setdefault(old[0], {})[old[1]] = new[1]
        else:
            yield from _moved(review, old, new)
    for schema, names in accepted.items():
        yield from _tables(review, schema, names)


def _has_no_schemas(review: ComparisonContext) -> bool:
    return review.connection.dialect.name == "sqlite"


def _ask(
    review: ComparisonContext, pairs: list[tuple[Place, Place]], question: AskedOf
) -> dict[Place, Place]:
    """Which of the pairs are a rename; the likeliest come first."""
    accepted: dict[Place, Place] = {}
    asked: dict[Place, list[Place]] = {}
    for old, new in pairs:
        # A "no" is for this pair alone; a "yes" takes both names out of the others.
        if old in accepted or new in accepted.values():
            continue
        asked.setdefault(old, []).append(new)
        if not review.open and review.ask(question(review, old, [new])).answer == "yes":
            accepted[old] = new
    for old, candidates in asked.items() if review.open else ():
        review.ask(question(review, old, candidates))
        review.undecided |= {dotted(*place) for place in (old, *candidates)}
    return accepted


def _question(kind: str, old: Place, new: list[Place], text: str, no: Iterable[str]) -> Question:
    flag_name = {"rename-table": "--rename-table", "rename-column": "--rename"}[kind]
    options = [
        Option(
            "yes",
            "yes" if len(new) == 1 else f"yes, to {place[-1]}",
            (flag(flag_name, f"{quoted(*old)}={_new_name(kind, old, place)}"),),
        )
        for place in new
    ]
    options.append(Option("no", "no, drop it", tuple(no)))
    return Question(kind, dotted(*old), text, tuple(options), "no")


def _new_name(kind: str, old: Place, new: Place) -> str:
    """As the flag names it: of a table that moves, with its schema."""
    return quoted(*new) if kind == "rename-table" and old[0] != new[0] else quoted(new[-1])


def _table_question(review: ComparisonContext, old: Place, candidates: list[Place]) -> Question:
    rows = review.rows(*old)
    holds = "its rows cannot be seen here" if rows is None else many(rows, "row")
    new = " or ".join(dotted(*place) for place in candidates)
    done = "moved" if all(place[0] != old[0] for place in candidates) else "renamed"
    text = f"Was the table {dotted(*old)} ({holds}) {done} to {new}?"
    no = [flag("--allow-drop", quoted(*old))]
    return _question("rename-table", old, candidates, text, no)


def _asked_columns(review: ComparisonContext, operations: ops.UpgradeOps) -> Iterator[Any]:
    for modify in operations.ops:
        if isinstance(modify, ops.ModifyTableOps):
            key = (modify.schema, modify.table_name)
            names = _asked_of_table(review, key, modify.ops)
            if names:
                yield from _columns(review, key, names)


def _asked_of_table(
    review: ComparisonContext, key: Key, operations: Iterable[Any]
) -> dict[str, str]:
    found = [op for _, op in flat(operations)]
    added = [op.column for op in found if isinstance(op, ops.AddColumnOp)]
    dropped = [
        op.to_column()
        for op in found
        if isinstance(op, ops.DropColumnOp)
        and dotted(*key, op.column_name) not in review.answers.allow_drop
    ]
    if not added or not dropped:
        return {}
    dropped = [column for column in dropped if review.made(*key, column.name)]
    pairs = [
        # Where they stay open, in the order of the columns that go.
        (i if review.open else 0, -column_score(review.context, old, new), i, j)
        for i, old in enumerate(dropped)
        for j, new in enumerate(added)
        if may_become(review.context, old, new)
    ]
    old_columns = {column.name: column for column in dropped}
    new_columns = {column.name: column for column in added}

    def question(review: ComparisonContext, old: Place, candidates: list[Place]) -> Question:
        new = [new_columns[place[-1]] for place in candidates]
        return _column_question(review, key, old_columns[old[-1]], new)

    places = [((*key, dropped[i].name), (*key, added[j].name)) for *_, i, j in sorted(pairs)]
    return {old[-1]: new[-1] for old, new in _ask(review, places, question).items()}


def _column_question(
    review: ComparisonContext, key: Key, old: sa.Column[Any], candidates: list[sa.Column[Any]]
) -> Question:
    dialect = review.connection.dialect
    was, rows = old.type.compile(dialect), review.rows(*key)
    names = []
    for new in candidates:
        becomes = new.type.compile(dialect)
        names.append(
            f"{dotted(*key, new.name)} ({was if becomes == was else f'{was} to {becomes}'})"
        )
    if rows is None:
        holds = "its rows cannot be seen here"
    else:
        holds = f"{many(review.values(*key, old.name), 'value')} in {many(rows, 'row')}"
    no = [flag("--allow-drop", quoted(*key, old.name))]
    if len(candidates) == 1 and asks_for_value(review, key, candidates[0]):
        place = quoted(*key, candidates[0].name)
        unique = is_unique(candidates[0])
        no.append(flag("--nullable", place) if unique else flag("--default", f"{place}=VALUE"))
    text = (
        f"Was {dotted(*key, old.name)} renamed to {' or '.join(names)}?\n"
        f"If not, {old.name} is dropped: {holds}."
    )
    places: list[Place] = [(*key, new.name) for new in candidates]
    return _question("rename-column", (*key, old.name), places, text, no)

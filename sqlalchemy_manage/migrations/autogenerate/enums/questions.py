"""Values that no longer exist: what their rows get is asked, never assumed.

A value that went and one that came may be one value renamed; a value that only went may
still be in rows. The default keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ....errors import UsageError, did_you_mean
from ...operations.enums.change import held_values
from ...operations.enums.operations import AlterEnumOp
from ...operations.enums.types import POSTGRESQL, form_of, like, portable
from ...questions import Answers, Option, Question, Questioner, dotted, flag, quoted
from ..state import Stored


def value_rename_candidates(old: Sequence[str], new: Sequence[str]) -> dict[str, list[str]]:
    """For each removed value, the added values, the likeliest first."""
    came = [value for value in new if value not in old]

    def likeness(gone: str, value: str) -> tuple[bool, float]:
        place = [v for v in old if v in new or v == gone].index(gone)
        same_place = [v for v in new if v in old or v == value].index(value) == place
        return same_place, SequenceMatcher(None, gone, value).ratio()

    return {
        gone: sorted(came, key=lambda value: likeness(gone, value), reverse=True)
        for gone in old
        if gone not in new
    }


def resolve_enum_values(
    operations: ops.UpgradeOps,
    connection: sa.Connection | None,
    answers: Answers,
    questioner: Questioner,
    stored: Stored = lambda schema, table, column: ((schema, table), column),
) -> None:
    """Put into the AlterEnumOps of ``operations`` what becomes of values that went.

    Rows are counted on ``connection``; where it is None they cannot be seen. A value that
    no row holds, and that nothing can be a rename of, goes without a question. Raises
    UsageError for a flag that fits nothing.
    """
    found = [op for op in operations.ops if isinstance(op, AlterEnumOp)]
    groups: dict[Any, list[AlterEnumOp]] = {}
    for op in found:
        # Columns with one type of PostgreSQL share its values, and so the answers.
        key = form_of(op.type_, POSTGRESQL).key or (op.schema, op.table_name, op.column_name)
        groups.setdefault(key, []).append(op)
    known = {_dotted(op) for op in found}
    for place, pairs in answers.rename_values.items():
        if place not in known:
            old, new = next(iter(pairs.items()))
            raise UsageError(
                f"--rename-value {place}:{old}={new}: no value of '{place}' changes."
                + did_you_mean(place, known)
            )
    for ops_of_type in groups.values():
        if all(op.old_values and op.new_values for op in ops_of_type):
            _Settled(ops_of_type, connection, answers, questioner, stored).settle()
    operations.ops = [op for op in operations.ops if not (op in found and op.changes_nothing)]


def _dotted(op: AlterEnumOp) -> str:
    return dotted(op.schema, op.table_name, op.column_name)


@dataclass
class _Settled:
    """The columns of one type, and what is known of its values."""

    columns: list[AlterEnumOp]
    connection: sa.Connection | None
    answers: Answers
    questioner: Questioner
    stored: Stored

    def __post_init__(self) -> None:
        self.old = list(dict.fromkeys(v for op in self.columns for v in op.old_values))
        self.new = list(self.columns[0].new_values)

    def settle(self) -> None:
        mapping = self._given()
        candidates = value_rename_candidates(self.old, self.new)
        kept: list[str] = []
        for value, others in candidates.items():
            if value in mapping:
                continue
            free = [other for other in others if other not in mapping.values()]
            held = self._held(value)
            if self._drop_allowed(value, held) or (held == 0 and not free):
                continue
            answer = self.questioner.ask(self._question(value, free, held))
            if answer.answer.startswith("rename to "):
                mapping[value] = answer.answer.removeprefix("rename to ")
            elif answer.answer == "replace":
                mapping[value] = self._existing(answer.value or "")
            elif answer.answer == "keep" and not answer.open:
                kept.append(value)
        for op in self.columns:
            op.rename_values = {a: b for a, b in mapping.items() if a in op.old_values}
            if kept:
                _set_values(op, _with(self.old, op.new_values, kept))

    def _given(self) -> dict[str, str]:
        """What ``--rename-value`` says, for any of the columns."""
        given: dict[str, str] = {}
        for op in self.columns:
            place = _dotted(op)
            for old, new in self.answers.rename_values.get(place, {}).items():
                title = f"--rename-value {place}:{old}={new}: "
                if given.get(old, new) != new:
                    raise UsageError(f"{title}'{old}' becomes '{given[old]}' in another flag.")
                if old not in self.old:
                    raise UsageError(
                        f"{title}the database has no value '{old}' "
                        f"(it has {', '.join(self.old)})." + did_you_mean(old, self.old)
                    )
                self._existing(new, title)
                given[old] = new
        for old, new in given.items():
            if old in self.new and old not in given.values():
                raise UsageError(
                    f"--rename-value {_dotted(self.columns[0])}:{old}={new}: "
                    f"the models still have the value '{old}'.",
                    "Change the models first, then repeat the command.",
                )
        return given

    def _existing(self, value: str, title: str = "") -> str:
        if value not in self.new:
            raise UsageError(
                f"{title}the models have no value '{value}' "
                f"(they have {', '.join(self.new)})." + did_you_mean(value, self.new)
            )
        return value

    def _held(self, value: str) -> int | None:
        """How many rows hold the value; None if they cannot be seen."""
        if self.connection is None:
            return None
        held = 0
        for op in self.columns:
            key, column = self.stored(op.schema, op.table_name, op.column_name)
            held += held_values(self.connection, *key, column, op.existing_type, value)
        return held

    def _drop_allowed(self, value: str, held: int | None) -> bool:
        if not any([self.answers.drop_allowed(f"{_dotted(op)}:{value}") for op in self.columns]):
            return False
        if held:
            raise UsageError(
                f"--allow-drop {_dotted(self.columns[0])}:{value}: {_rows(held)} it.",
                f"They need another value: {self._flag(value, 'VALUE')}",
            )
        return True

    def _flag(self, old: str, new: str) -> str:
        op = self.columns[0]
        place = quoted(op.schema, op.table_name, op.column_name)
        return flag("--rename-value", f"{place}:{_word(old)}={_word(new)}")

    def _question(self, value: str, free: list[str], held: int | None) -> Question:
        first = self.columns[0]
        options = [
            Option(f"rename to {other}", f"it was renamed to {other}", (self._flag(value, other),))
            for other in free
        ]
        options.append(
            Option(
                "replace",
                "its rows get another value",
                (self._flag(value, "VALUE"),),
                f"one of {', '.join(self.new)}",
                self._existing,
            )
        )
        if not held:
            place = quoted(first.schema, first.table_name, first.column_name)
            drop = flag("--allow-drop", f"{place}:{_word(value)}")
            words = "drop it" if held == 0 else "drop it; the revision stops if a row holds it"
            options.append(Option("drop", words, (drop,)))
        options.append(Option("keep", "keep it in the database", ()))
        places = ", ".join(map(_dotted, self.columns))
        return Question(
            "enum-value",
            f"{_dotted(first)}:{value}",
            f"{places}: the models have no value '{value}' any more, and {_rows(held)} it. "
            "What should happen to it?",
            tuple(options),
            "keep",
        )


def _rows(held: int | None) -> str:
    if held is None:
        return "rows that cannot be seen here may hold"
    return f"{held:,} row{'s hold' if held > 1 else ' holds'}" if held else "no row holds"


def _word(value: str) -> str:
    return quoted(value) or '""'


def _with(old: list[str], new: Sequence[str], kept: list[str]) -> list[str]:
    """The new values with those kept at their old places."""
    made = list(new)
    for value in kept:
        before = [v for v in old[: old.index(value)] if v in made]
        made.insert(made.index(before[-1]) + 1 if before else 0, value)
    return made


def _set_values(op: AlterEnumOp, values: list[str]) -> None:
    op.type_ = portable(op.type_, lambda enum: like(enum, values))

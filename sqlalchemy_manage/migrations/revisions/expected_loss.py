"""``expected_loss`` of a revision file: the rows and links that it means to lose."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import MigrationError
from .editing import HEADER, EditableText, assignments, parsed

ATTRIBUTE = "expected_loss"


@dataclass(frozen=True)
class Expected:
    """What a revision may lose on its way: declared by ``attribute``, or allowed by a flag."""

    attribute: str = ATTRIBUTE
    limits: Mapping[str, str | int] = field(default_factory=dict)

    def allows(self, schema: str | None, table: str, column: str, count: int | None) -> bool:
        """Whether so many values of a column may go."""
        where = ".".join(filter(None, (schema, table)))
        limit = self.limits.get(f"{where}.{column}")
        if "all" in (limit, self.limits.get(where)):
            return True
        return isinstance(limit, int) and count is not None and count <= limit


def with_losses(text: str, names: Iterable[str]) -> str:
    """The revision file ``text`` with the losses declared, besides those that it declares."""
    wanted = dict.fromkeys(names, "all")
    if not wanted:
        return text
    source, tree = EditableText(text), parsed(text)
    last: Any = None
    for name, node in assignments(tree):
        if name == ATTRIBUTE and node.value is not None:
            wanted = ast.literal_eval(node.value) | wanted
            source.replace(source.start(node.value), source.end(node.value), _literal(wanted))
            return source.edited()
        if name in HEADER:
            last = node
    if last is None:
        raise MigrationError("The revision has no line 'revision = ...'.")
    source.insert(source.end(last), f"\n{ATTRIBUTE} = {_literal(wanted)}")
    return source.edited()


def declared_in(text: str, attribute: str = ATTRIBUTE) -> list[str]:
    """The names whose loss the revision file ``text`` declares."""
    for name, node in assignments(parsed(text)):
        if name == attribute and node.value is not None:
            return list(ast.literal_eval(node.value))
    return []


def _literal(value: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{_literally(k)}: {_literally(v)}" for k, v in value.items()) + "}"


def _literally(item: object) -> str:
    found = repr(item)
    return f'"{found[1:-1]}"' if found[0] == "'" and '"' not in found else found

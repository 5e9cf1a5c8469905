"""Types as revisions spell them: what the database does not know of its own columns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

_HIDDEN = ("Uuid", "Interval")
"""What some databases keep as another type."""


def listed_values(source: str) -> tuple[str, ...] | None:
    """The values of the Enum in ``source``; None where there is none, or they are not literal."""
    for name, call in _calls(source):
        if name.upper() == "ENUM":
            found = [value.value for value in call.args if isinstance(value, ast.Constant)]
            values = tuple(value for value in found if isinstance(value, str))
            return values if values and len(values) == len(call.args) else None
    return None


def hidden_type(source: str) -> Any:
    """The type that ``source`` is, if some databases keep it as another; else None."""
    for name, call in _calls(source):
        if name in _HIDDEN and not call.args:
            try:
                given = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
            except ValueError:
                return None
            return getattr(sa, name)(**given)
        return None
    return None


def _calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(source, mode="eval")):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node

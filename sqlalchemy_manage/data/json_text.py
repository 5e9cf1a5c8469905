"""JSON columns: one spelling for equal values, and null distinguished from NULL."""

from __future__ import annotations

import json
import math
from typing import Any

# The JSON value null in a column is not NULL; a record's plain null is NULL.
JSON_MARK = "__json__"


def canonical_json(value: Any) -> Any:
    """``value`` with the keys of its objects sorted; raises ValueError if it is not JSON.

    PostgreSQL's jsonb and MySQL sort keys in their own ways: their order has no meaning.
    """
    try:
        return parse_json(json.dumps(value, allow_nan=False))
    except TypeError as error:
        raise ValueError(f"not JSON: {error}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_json(text: str) -> Any:
    """JSON text, the keys of its objects sorted; raises ValueError."""
    return json.loads(
        text,
        object_pairs_hook=lambda pairs: dict(sorted(pairs)),
        parse_constant=_no_constant,
        parse_float=_finite,
    )


def levels(value: Any) -> int:
    """How many lists and objects of a JSON value stand in each other at the most."""
    found, layer = 0, [value]
    while nested := [each for each in layer if isinstance(each, dict | list)]:
        found += 1
        layer = [x for each in nested for x in (each.values() if isinstance(each, dict) else each)]
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"JSON has no {name}")


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"the number {text} is too large for a float")
    return number


def shown(value: Any) -> str:
    """A JSON value in an error message: short, and nothing in it can steer a terminal."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not text.isprintable():
        text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def marked(value: Any) -> Any:
    bare = value is None or (isinstance(value, dict) and set(value) == {JSON_MARK})
    return {JSON_MARK: value} if bare else value


def unmarked(value: Any) -> Any:
    marked = isinstance(value, dict) and set(value) == {JSON_MARK}
    return value[JSON_MARK] if marked else value

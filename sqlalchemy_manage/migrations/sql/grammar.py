"""The words of SQL expressions, and what is one thing written in several ways."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

Tree = tuple[Any, ...]
"""A kind and its parts: ``("and", a, b)``, ``("name", "qty")``, ``("call", "lower", x)``."""

LEVELS = {"or": 1, "and": 2, "is": 4, "isnull": 4, "notnull": 4}
LEVELS |= dict.fromkeys(("=", "<", ">", "<=", ">=", "<>", "!=", "==", "<=>"), 5)
LEVELS |= dict.fromkeys(("between", "in", "like", "ilike", "glob", "regexp", "rlike", "match"), 6)
LEVELS |= dict.fromkeys(("+", "-"), 8) | dict.fromkeys(("*", "/", "%", "div", "mod"), 9)
LEVELS |= {"^": 10, "at": 11, "collate": 12, "[": 14, "::": 15}
NOT, OTHER, SIGN = 3, 7, 13
NO_OPERATORS = (")", "]", ",", ":", ".", "(", ";", "?")

SAME_OPERATOR = {
    "!=": "<>",
    "==": "=",
    "~~": "like",
    "~~*": "ilike",
    "rlike": "regexp",
    "mod": "%",
}
SAME_TYPE = {
    **dict.fromkeys(("int", "int4"), "integer"),
    **dict.fromkeys(("varchar", "character varying", "char", "character", "bpchar"), "text"),
    **dict.fromkeys(("decimal", "dec"), "numeric"),
    **{"int8": "bigint", "int2": "smallint", "bool": "boolean", "float4": "real"},
    **{"float8": "double precision", "timestamptz": "timestamp with time zone"},
    **{"timestamp without time zone": "timestamp", "time without time zone": "time"},
}
NUMBERS = ("integer", "bigint", "smallint", "numeric", "double precision", "real")
LONG_TYPES = ("varying", "precision", "with", "without", "time", "zone")
WITHOUT_PARENTHESES = frozenset(
    re.findall(
        r"\w+",
        "current_timestamp current_date current_time current_user current_role current_catalog "
        "current_schema session_user user localtime localtimestamp",
    )
)
NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "and or not in is like between then else end when as on select from where over filter "
        "order group having distinct",
    )
)


def joined(operator: str, *parts: Tree) -> Tree:
    flat: list[Any] = []
    for part in parts:
        flat += part[1:] if part[0] == operator else [part]
    return (operator, *flat)


def negated(found: Tree) -> Tree:
    if (
        len(found) == 3
        and [found[0], found[1][0], found[2][0]] == ["and", ">=", "<="]
        and found[1][1] == found[2][1]
    ):
        return ("or", ("<", *found[1][1:]), (">", *found[2][1:]))  # NOT BETWEEN
    return found[1] if found[0] == "not" else ("not", found)


def member(left: Tree, values: list[Tree]) -> Tree:
    return ("=", left, values[0]) if len(values) == 1 else ("in", left, *values)


def cast(inner: Tree, type_: str) -> Tree:
    if inner[0] == "text" and type_ in NUMBERS:
        with suppress(InvalidOperation):
            return number(inner[1])
    return ("cast", inner, type_)


def number(text: str) -> Tree:
    return ("number", Decimal(text))

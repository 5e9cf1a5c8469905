"""SQL expressions read as trees, so that two ways of writing one give the same tree.

Only what CHECKs, defaults, generated columns and index predicates are made of; PostgreSQL's
precedence. Read alike are the spellings of one thing that is the same everywhere:
``x IN (1, 2)`` and ``x = ANY (ARRAY[1, 2])``, BETWEEN and two comparisons, ``!=`` and ``<>``,
LIKE and ``~~``, ``'-1'::integer`` and ``-1``, ``now()`` and CURRENT_TIMESTAMP, a column with
and without its table, key words and unquoted names in either case, NOT before and inside.
"""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from .tokens import WordReader, words_of


class _Unreadable(Exception):
    """The text is not one of the expressions that are read here."""


@lru_cache(maxsize=4096)
def tree(sql: str) -> Tree:
    """``sql`` as a tree; one of its words where it cannot be read as an expression."""
    found = words_of(sql)
    try:
        reader = _ExpressionReader(found)
        read = reader.expression(0)
        if reader.here.text:
            raise _Unreadable
        return read
    except _Unreadable:
        return ("words", *(t.text.lower() if t.kind == "word" else t.name for t in found))


class _ExpressionReader(WordReader):
    """Operator-precedence reading, with PostgreSQL's levels."""

    def need(self, *words: str) -> None:
        if not self.take(*words):
            raise _Unreadable

    def expression(self, level: int) -> Tree:
        left = self.operand()
        while True:
            inverted = self.word() == "not"
            operator = self.word(1) if inverted else self.word()
            binds = LEVELS.get(operator)
            if binds is None and self.here.kind == "symbol" and operator not in NO_OPERATORS:
                binds = OTHER
            if binds is None or binds <= level:
                return left
            self.place += 1 + inverted
            left = self.infix(left, operator, binds)
            if inverted:
                left = negated(left)

    def infix(self, left: Tree, operator: str, binds: int) -> Tree:
        if operator in ("and", "or"):
            return joined(operator, left, self.expression(binds))
        if operator == "is":
            inverted = self.take("not")
            if self.take("distinct", "from"):
                found: Tree = ("distinct", left, self.expression(LEVELS["="]))
            else:
                found = ("is", left, self.expression(binds))
            return negated(found) if inverted else found
        if operator in ("isnull", "notnull"):
            found = ("is", left, ("null",))
            return found if operator == "isnull" else negated(found)
        if operator == "between":
            low = self.expression(OTHER)
            self.need("and")
            high = self.expression(OTHER)
            return ("and", (">=", left, low), ("<=", left, high))
        if operator == "in":
            self.need("(")
            return member(left, self.several(")"))
        if operator == "::":
            return cast(left, self.type())
        if operator == "[":
            index = self.expression(0)
            self.need("]")
            return ("at", left, index)
        if operator == "at":
            self.need("time", "zone")
            return ("time zone", left, self.expression(binds))
        if operator in ("!~~", "!~~*"):
            return ("not", (SAME_OPERATOR[operator[1:]], left, self.expression(binds)))
        if operator in ("=", "<>", "!=") and self.word() in ("any", "all", "some"):
            return self.quantified(left, operator)
        operator = SAME_OPERATOR.get(operator, operator)
        right = self.expression(binds)
        if operator in ("like", "ilike") and self.take("escape"):
            return (operator, left, right, self.expression(binds))
        return (operator, left, right)

    def quantified(self, left: Tree, operator: str) -> Tree:
        quantifier = self.word()
        self.place += 1
        self.need("(")
        values = self.expression(0)
        self.need(")")
        inner = values[1] if values[0] == "cast" else values
        if inner[0] == "array" and (operator == "=") == (quantifier != "all"):
            return (
                member(left, list(inner[1:]))
                if operator == "="
                else negated(member(left, list(inner[1:])))
            )
        return (f"{operator} {quantifier}", left, values)

    def several(self, end: str) -> list[Tree]:
        """Expressions between commas, up to and over ``end``."""
        if self.take(end):
            return []
        found = [self.expression(0)]
        while self.take(","):
            found.append(self.expression(0))
        self.need(end)
        return found

    def operand(self) -> Tree:
        token, word = self.here, self.word()
        if token.kind == "end":
            raise _Unreadable
        self.place += 1
        if token.kind == "number":
            return number(token.text)
        if token.kind == "string":
            return ("text", token.value)
        if token.kind == "quoted":
            return self.named(token.name, is_quoted=True)
        if word == "(":
            found = self.several(")")
            return found[0] if len(found) == 1 else ("row", *found)
        if word in ("-", "+"):
            value = self.expression(SIGN)
            if value[0] == "number":
                return value if word == "+" else ("number", -value[1])
            return value if word == "+" else ("minus", value)
        if word == "not":
            return negated(self.expression(NOT))
        if word == "case":
            return self.case()
        if word == "cast" and self.take("("):
            inner = self.expression(0)
            self.need("as")
            return cast(inner, self.type(until=")"))
        if word == "array" and self.take("["):
            return ("array", *self.several("]"))
        if word in ("true", "false"):
            return ("boolean", word == "true")
        if word == "null":
            return ("null",)
        if token.kind != "word" or word in NO_NAMES:
            raise _Unreadable
        if self.here.kind == "string":
            # date '2020-01-01', and MySQL's _utf8mb4'...'
            literal: Tree = ("text", self.here.value)
            self.place += 1
            return literal if word.startswith("_") else cast(literal, word)
        return self.named(word)

    def named(self, name: str, is_quoted: bool = False) -> Tree:
        """A column or a function. A column's table is not part of it: there is only one."""
        owner = ""
        while self.take("."):
            token = self.here
            if token.kind not in ("word", "quoted"):
                raise _Unreadable
            owner = "" if name == "pg_catalog" else f"{name}."
            name = token.name if token.kind == "quoted" else token.text.lower()
            is_quoted = True
            self.place += 1
        if self.take("("):
            lowered = owner + name.lower()
            arguments = self.arguments()
            if lowered == "now" and not arguments:
                lowered = "current_timestamp"
            return ("call", lowered, *arguments)
        is_call = name in WITHOUT_PARENTHESES and not is_quoted
        return ("call", name) if is_call else ("name", name)

    def arguments(self) -> list[Any]:
        """What is between a function's parentheses, EXTRACT(year FROM ...) and the like too."""
        found: list[Any] = []
        while not self.take(")"):
            word = self.word()
            if word in ("from", "for", "both", "leading", "trailing") or word == ",":
                self.place += 1
                found += [] if word == "," else [word]
            else:
                found.append(self.expression(0))
                if self.word() not in (")", ",", "from", "for"):
                    raise _Unreadable
        return found

    def case(self) -> Tree:
        operand = None if self.word() == "when" else self.expression(0)
        branches: list[Any] = []
        while self.take("when"):
            condition = self.expression(0)
            self.need("then")
            branches += [condition, self.expression(0)]
        otherwise: Tree = self.expression(0) if self.take("else") else ("null",)
        self.need("end")
        return ("case", operand, *branches, otherwise)

    def type(self, until: str = "") -> str:
        """The name of a type, with ``(10, 2)`` or ``[]`` after it."""
        words: list[str] = []
        size = ""
        if self.here.kind not in ("word", "quoted"):
            raise _Unreadable
        while self.here.kind in ("word", "quoted"):
            if words and not until and self.word() not in LONG_TYPES:
                break
            words.append(self.here.name.lower())
            self.place += 1
            if self.take("."):
                words.clear()
            elif self.take("("):
                while not self.take(")"):
                    size += self.here.text
                    self.place += 1
                    if self.here.kind == "end":
                        raise _Unreadable
        name = " ".join(words)
        name = SAME_TYPE.get(name, name) + (f"({size})" if size else "")
        while self.take("[", "]"):
            name += "[]"
        if until:
            self.need(until)
        return name


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
        "and or not in is like between then else end when as on select from where order group "
        "having distinct",
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

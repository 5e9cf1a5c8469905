"""PostgreSQL's exclusion constraints, read from the text that defines one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .expressions import same
from .tokens import Token, split, words_of


@dataclass(frozen=True)
class Exclusion:
    """``EXCLUDE USING gist (room WITH =) WHERE (...) DEFERRABLE``, in its parts.

    An element is an expression, with its operator class and so on, and the operator.
    """

    using: str
    elements: tuple[tuple[str, str], ...]
    where: str = ""
    deferrable: bool = False
    deferred: bool = False

    def means(self, other: Exclusion) -> bool:
        """Whether both read the same, apart from spaces, parentheses and casts."""
        return (
            self._signs() == other._signs()
            and same(self.where, other.where)
            and all(
                same(a, b) for (a, _), (b, _) in zip(self.elements, other.elements, strict=True)
            )
        )

    def _signs(self) -> tuple[Any, ...]:
        operators = [operator for _, operator in self.elements]
        return self.using, operators, bool(self.where), self.deferrable, self.deferred


def read_exclusion(definition: str) -> Exclusion:
    """The constraint that ``definition`` says, with or without CONSTRAINT and its name."""
    words = list(words_of(definition, "postgresql"))
    start = next(i for i, word in enumerate(words) if word.text == "(")
    elements = [_element(definition, item) for item in split(words[start + 1 :])]
    using = words[start - 1].name.lower()
    rest = words[_close(words, start) + 1 :]
    where = ""
    if rest and rest[0].text.lower() == "where":
        end = _close(rest, 1)
        where = definition[rest[1].end : rest[end].start]
        rest = rest[end + 1 :]
    said = [word.text.lower() for word in rest]
    return Exclusion(
        using,
        tuple(elements),
        where,
        "deferrable" in said and said[0] != "not",
        said[-2:] == ["initially", "deferred"],
    )


def _element(definition: str, words: list[Token]) -> tuple[str, str]:
    """``room WITH =``; ``WITH`` is the last word before the operator's signs."""
    place = max(i for i, word in enumerate(words) if word.text.lower() == "with")
    operator = definition[words[place].end : words[-1].end].strip()
    return definition[words[0].start : words[place].start].strip(), operator


def _close(words: list[Token], start: int) -> int:
    """Where the parenthesis closes that opens at ``start``."""
    depth = 0
    for place in range(start, len(words)):
        depth += {"(": 1, ")": -1}.get(words[place].text, 0)
        if not depth:
            return place
    return len(words) - 1

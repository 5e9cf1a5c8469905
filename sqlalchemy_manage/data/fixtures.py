"""The records of a fixture, read a piece at a time: a JSON list, or a record a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

from ..errors import FixtureError, did_you_mean
from .fixture_files import Fixture
from .json_text import shown
from .scalars import WrittenFloat

_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_KEYS = ("model", "pk", "fields")
_ALL_KEYS = set(_KEYS)
_PIECE = 1 << 18


class Origin(NamedTuple):
    """The place of a record: the file as shown to people, and its number from 1."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}, record {self.number}"


# Not frozen: that makes each record three times as slow to make.
@dataclass(slots=True)
class Record:
    """One record as written; ``pk`` is None where the file has none. It is not changed.

    ``size``: how many characters of the file it is, or 0.

    ``completes``: the rest of a record, for a row that exists once the first part is loaded.
    """

    origin: Origin
    model: str
    pk: Any
    fields: dict[str, Any]
    completes: bool = False
    size: int = 0


def read_fixture(fixture: Fixture, stdin: IO[str] | None = None) -> Iterator[Record]:
    """The records of a fixture; raises FixtureError with line and column for bad JSON.

    ``stdin``: what ``repeatable`` gave. Memory is that of a piece of the file, and of the
    longest record.
    """
    with fixture.opened(stdin) as text:
        yield from _Reader(text, fixture.shown).records()


class _Reader:
    """What is left of a text: ``text`` from ``position``; ``line`` and ``column`` are before it."""

    def __init__(self, file: IO[str], name: str) -> None:
        self.file = file
        self.name = name
        self.text = ""
        self.position = 0
        self.line, self.column = 1, 0
        self.ended = False

    def records(self) -> Iterator[Record]:
        opening = self._next()
        if opening not in ("[", "{"):
            raise self._no_records(opening)
        listed = opening == "["
        if listed:
            self.position += 1
        number = 0
        while (mark := self._next()) and (number or mark != "]"):
            number += 1
            origin = Origin(self.name, number)
            start = self.position
            value = self._value(origin)
            if not listed and number == 1 and "model" not in value:
                raise _not_a_list(self.name, value)
            yield _record(value, origin, max(0, self.position - start))
            if not listed:
                continue
            if between := _BETWEEN.match(self.text, self.position):
                self.position = between.end()
                continue
            mark = self._next()
            if mark == "]":
                break
            if mark != ",":
                raise self._syntax("Expecting ',' or ']' after a record", self.position)
            self.position += 1
        if not listed:
            return
        if not mark:
            raise self._syntax("Expecting value", self.position)
        self.position += 1
        if self._next():
            raise self._syntax("Unexpected text after the list", self.position)

    def _next(self) -> str:
        """The next character that is no space, where ``position`` then is; "" at the end."""
        while True:
            found = _SPACE.match(self.text, self.position)
            self.position = found.end() if found else self.position
            if self.position < len(self.text) or not self._more():
                return self.text[self.position : self.position + 1]

    def _more(self) -> bool:
        """Read on, as much again as is waiting; False at the end of the file."""
        size = max(_PIECE, len(self.text) - self.position)
        piece = "" if self.ended else self.file.read(size)
        self.ended = not piece
        newline = self.text.rfind("\n", 0, self.position)
        self.line += self.text.count("\n", 0, self.position)
        self.column = self.position - newline - 1 if newline >= 0 else self.column + self.position
        self.text = self.text[self.position :] + piece
        self.position = 0
        return not self.ended

    def _value(self, origin: Origin) -> Any:
        while True:
            try:
                value, self.position = _DECODER.raw_decode(self.text, self.position)
                return value
            except json.JSONDecodeError as error:
                if self._more():
                    continue
                # At the end, what was read is all there is: the error is not a cut.
                raise self._wrong_at_end(error) from None
            except RecursionError:
                raise FixtureError(f"{origin}: nested too deeply.") from None
            except (ValueError, ArithmeticError) as error:
                raise FixtureError(f"{origin}: {error}.") from None

    def _wrong_at_end(self, error: json.JSONDecodeError) -> FixtureError:
        try:
            _DECODER.raw_decode(self.text, self.position)
        except json.JSONDecodeError as again:
            return self._syntax(again.msg, again.pos)
        return self._syntax(error.msg, self.position)

    def _syntax(self, message: str, position: int) -> FixtureError:
        lines = self.text.count("\n", 0, position)
        column = position - self.text.rfind("\n", 0, position)
        if not lines:
            column = self.column + position + 1
        return FixtureError(
            f"{self.name}, line {self.line + lines}, column {column}: not valid JSON: {message}."
        )

    def _no_records(self, mark: str) -> FixtureError:
        if not mark:
            return FixtureError(f"{self.name} is empty: an empty fixture is [].")
        try:
            while self._more():
                pass
            value = json.loads(self.text)
        except json.JSONDecodeError as error:
            return self._syntax(error.msg, error.pos)
        except (ValueError, RecursionError) as error:
            return FixtureError(f"{self.name} is not valid JSON: {error}.")
        return _not_a_list(self.name, value)


def _not_a_list(name: str, value: Any) -> FixtureError:
    return FixtureError(
        f"{name} contains {_json_type(value)}, but a list of records was expected.",
        'A record is {"model": "app.model", "pk": 1, "fields": {...}}.',
    )


def _refuse_constant(name: str) -> Any:
    raise ValueError(f'{name} is not JSON; write "{name}"')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the key {shown(twice)} twice")
    return found


_DECODER = json.JSONDecoder(
    parse_constant=_refuse_constant,
    parse_float=WrittenFloat.parse,
    object_pairs_hook=_object,
)


def _json_type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return names.get(type(value), "null" if value is None else "a number")


def _record(value: Any, origin: Origin, size: int) -> Record:
    if type(value) is dict and value.keys() == _ALL_KEYS:
        model, fields = value["model"], value["fields"]
        if type(model) is str and type(fields) is dict:
            return Record(origin, model, value["pk"], fields, size=size)
    if not isinstance(value, dict):
        raise FixtureError(f"{origin} is {_json_type(value)}, but an object was expected.")
    for key in value:
        if key not in _KEYS:
            raise FixtureError(
                f"{origin}: unknown key {shown(key)}." + did_you_mean(key, _KEYS),
                "A record has model, pk and fields.",
            )
    model, fields = value.get("model"), value.get("fields", {})
    if not isinstance(model, str):
        raise FixtureError(f'{origin}: "model" must be a string such as "app.model".')
    if not isinstance(fields, dict):
        raise FixtureError(f'{origin} ({model}): "fields" is {_json_type(fields)}, not an object.')
    return Record(origin, model, value.get("pk"), fields, size=size)

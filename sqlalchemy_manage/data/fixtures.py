"""Fixture files: what a name refers to, and the records in a file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from ..errors import FixtureError, did_you_mean
from .scalars import WrittenFloat

_SPACE = re.compile(r"[ \t\r\n]*")
_KEYS = ("model", "pk", "fields")


class Origin(NamedTuple):
    """The place of a record: the file as shown to people, and its number from 1."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}, record {self.number}"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as written; ``pk`` is None where the file has none."""

    origin: Origin
    model: str
    pk: Any
    fields: dict[str, Any]


@dataclass(frozen=True)
class Fixture:
    """A file to load, or the standard input (``path`` is None)."""

    shown: str
    path: Path | None


def shown(value: Any) -> str:
    """A JSON value in an error message: short, and nothing in it can steer a terminal."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not text.isprintable():
        text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def find_fixtures(names: Sequence[str], folders: Sequence[Path]) -> list[Fixture]:
    """The files that ``names`` refer to, in their order, each once; raises FixtureError.

    ``-`` is the standard input. A path to a file is that file. Any other name is looked
    up in every one of ``folders``, with or without ``.json``, and never outside of them.
    """
    found: dict[Path | None, Fixture] = {}
    for name in names:
        for fixture in _find(name, folders):
            found.setdefault(fixture.path, fixture)
    return list(found.values())


def _find(name: str, folders: Sequence[Path]) -> list[Fixture]:
    if name == "-":
        return [Fixture("standard input", None)]
    if not name or "\0" in name:
        raise FixtureError(f"{shown(name)} is not the name of a fixture.")
    path = Path(name)
    explicit = path.is_absolute() or "/" in name or os.sep in name or path.suffix == ".json"
    if explicit and path.is_dir():
        raise FixtureError(f"{name} is a folder, not a fixture.", _choices(folders))
    if explicit and path.exists():
        return [Fixture(name, path.resolve())]
    if path.is_absolute() or ".." in path.parts:
        raise FixtureError(f"There is no fixture file {name}.", _choices(folders))
    matches = []
    for folder in folders:
        for file in (folder / name, folder / f"{name}.json"):
            if file.suffix == ".json" and _inside(file, folder):
                matches.append(Fixture(_relative(file), file.resolve()))
    if not matches:
        known = [file.stem for folder in folders for file in folder.glob("*.json")]
        raise FixtureError(
            f"There is no fixture '{name}'." + did_you_mean(path.stem, known), _choices(folders)
        )
    return matches


def _inside(file: Path, folder: Path) -> bool:
    try:
        return file.is_file() and file.resolve().is_relative_to(folder.resolve())
    except OSError:
        return False


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _choices(folders: Sequence[Path]) -> str:
    known = sorted({file.stem for folder in folders for file in folder.glob("*.json")})
    there = f" Found there: {', '.join(known)}." if known else ""
    return f"Looked in {', '.join(map(_relative, folders)) or 'no folder'}.{there}"


def read_fixture(fixture: Fixture, stdin: TextIO) -> Iterator[Record]:
    """The records of a fixture; raises FixtureError with line and column for bad JSON."""
    try:
        if fixture.path is None:
            text = stdin.read().removeprefix("\ufeff")
        else:
            text = fixture.path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FixtureError(f"{fixture.shown} is not UTF-8 text: {error}.") from error
    except OSError as error:
        raise FixtureError(f"{fixture.shown} cannot be read: {error.strerror}.") from error
    return _records(text, fixture.shown)


def _records(text: str, file: str) -> Iterator[Record]:
    if text[(start := _skip(text, 0)) :][:1] != "[":
        raise _no_list(text, start, file)
    decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=WrittenFloat.parse)
    position = _skip(text, start + 1)
    number = 0
    while text[position : position + 1] != "]" or number:
        number += 1
        origin = Origin(file, number)
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _syntax(error.msg, text, error.pos, file) from None
        except RecursionError:
            raise FixtureError(f"{origin}: nested too deeply.") from None
        except ValueError as error:
            raise FixtureError(f"{origin}: {error}.") from None
        yield _record(value, origin)
        position = _skip(text, position)
        mark = text[position : position + 1]
        if mark == "]":
            break
        if mark != ",":
            raise _syntax("Expecting ',' or ']' after a record", text, position, file)
        position = _skip(text, position + 1)
    end = _skip(text, position + 1)
    if end < len(text):
        raise _syntax("Unexpected text after the list", text, end, file)


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _refuse_constant(name: str) -> Any:
    raise ValueError(f'{name} is not JSON; write "{name}"')


def _syntax(message: str, text: str, position: int, file: str) -> FixtureError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return FixtureError(f"{file}, line {line}, column {column}: not valid JSON: {message}.")


def _no_list(text: str, start: int, file: str) -> FixtureError:
    if start == len(text):
        return FixtureError(f"{file} is empty: an empty fixture is [].")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _syntax(error.msg, text, error.pos, file)
    except (ValueError, RecursionError) as error:
        return FixtureError(f"{file} is not valid JSON: {error}.")
    return FixtureError(
        f"{file} contains {_json_type(value)}, but a list of records was expected.",
        'A record is {"model": "app.model", "pk": 1, "fields": {...}}.',
    )


def _json_type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return names.get(type(value), "null" if value is None else "a number")


def _record(value: Any, origin: Origin) -> Record:
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
    return Record(origin, model, value.get("pk"), fields)

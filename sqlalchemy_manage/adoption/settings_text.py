"""A draft of settings as the text of settings.py."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from .draft import Place, SettingsDraft
from .urls import repr_of

_WIDTH = 88


def settings_text(draft: SettingsDraft) -> str:
    """The file: imports, where things are, the database, and what differs from the defaults."""
    lines = [f'"""{draft.about}"""', "", *_imports(draft), ""]
    lines.append("BASE_DIR = Path(__file__).resolve().parent")
    lines += [
        f'{name} = Path(find_spec("{package}").origin).parent'
        for name, package in draft.packages.items()
    ]
    for place in draft.paths:
        lines.append(f"sys.path.insert(0, str({place.expression}))")
    lines += ["", *_database(draft)]
    if draft.function:
        lines += ["", "", *draft.function.rstrip().split("\n"), ""]
    for name, value in draft.values.items():
        lines += ["", *_comment(draft.notes.get(name, "")), *_assignment(name, value)]
    return "\n".join(lines) + "\n"


def _imports(draft: SettingsDraft) -> Iterator[str]:
    if "os.environ" in (draft.source.expression or ""):
        yield "import os"
    if draft.paths:
        yield "import sys"
    if draft.packages:
        yield "from importlib.util import find_spec"
    yield "from pathlib import Path"
    if draft.source.helper:
        yield ""
        yield f"from sqlalchemy_manage import {draft.source.helper}"


def _database(draft: SettingsDraft) -> Iterator[str]:
    if draft.source.expression is None:
        yield "# The database is the one that DATABASE_URL in the environment names."
        yield "DATABASES = {}"
        return
    yield from _comment(
        f"The URL: {draft.source.origin}. DATABASE_URL in the environment takes its place."
    )
    yield "DATABASES = {"
    yield f'    "default": {{"URL": {draft.source.expression}}},'
    yield "}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False
    )


def _assignment(name: str, value: Any) -> list[str]:
    line = f"{name} = {_literal(value)}"
    if len(line) <= _WIDTH or not isinstance(value, list | dict) or not value:
        return [line]
    items = (
        (f"{repr_of(key)}: {_literal(each)}" for key, each in value.items())
        if isinstance(value, dict)
        else map(_literal, value)
    )
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return [f"{name} = {opening}", *(f"    {item}," for item in items), closing]


def _literal(value: Any) -> str:
    if isinstance(value, Place):
        return value.short
    if isinstance(value, str):
        return repr_of(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{repr_of(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    return repr(value)

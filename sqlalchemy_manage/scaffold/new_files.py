"""The templates of new files: what ``templates/`` has, with its words filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

_SUFFIX = "-tpl"
_HIDDEN = {"gitignore": ".gitignore"}  # data of a package must not begin with a dot
_EXECUTABLE = "manage.py"


class NewFile(NamedTuple):
    """A file to be made: its path below the folder that is made, and its text."""

    path: str
    text: str

    @property
    def executable(self) -> bool:
        return self.path == _EXECUTABLE


def filled(kind: str, words: Mapping[str, str]) -> list[NewFile]:
    """The files of ``templates/KIND``, sorted, each ``{{ word }}`` of them filled in.

    ``app_name`` in a path is filled in by the word ``app``.
    """
    root = files("sqlalchemy_manage.scaffold") / "templates" / kind
    found = []
    for path, text in _walk(root, ""):
        path = path.removesuffix(_SUFFIX).replace("app_name", words["app"])
        found.append(NewFile(_HIDDEN.get(path, path), with_words(text, words)))
    return sorted(found)


def with_words(text: str, words: Mapping[str, str]) -> str:
    """``text`` with each ``{{ word }}`` filled in; raises KeyError for one that is not there."""
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: words[match[1]], text)


def migration_files() -> list[NewFile]:
    """env.py and script.py.mako of a migrations folder, as the first makemigrations makes them."""
    # Read as data: importing the package would import Alembic.
    root = files("sqlalchemy_manage") / "migrations" / "templates"
    return [
        NewFile(f"migrations/{name}", (root / name).read_text(encoding="utf-8"))
        for name in ("env.py", "script.py.mako")
    ]


def _walk(folder: Traversable, before: str) -> list[tuple[str, str]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _walk(each, f"{before}{each.name}/")
        elif each.name.endswith(_SUFFIX):
            found.append((before + each.name, each.read_text(encoding="utf-8")))
    return found

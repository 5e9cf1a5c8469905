"""The files of commands: which there are, and what each says it does, read without importing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ast

    from .apps import App

_CORE = str(Path(__file__).parent / "commands")
# Of a file of ours: the first sentence of what ``command`` says of itself. Parsing twenty files
# takes longer than all else that lists the commands.
_OWN = re.compile(r'^def command\(.*?"""(.*?)"""', re.DOTALL | re.MULTILINE)


class CommandFile(NamedTuple):
    """A command's file, its module, and the app that it belongs to, None for the tool's own."""

    path: str
    module: str
    app: str | None

    def summary(self) -> str | None:
        """The first sentence of the command's help text.

        None if the file alone does not tell. Raises OSError, SyntaxError or ValueError for a
        file that is no Python.
        """
        with open(self.path, encoding="utf-8") as file:
            text = file.read()
        if self.app is not None:
            return _read(text)
        found = _OWN.search(text)
        return sentence(found[1]) if found else None


def module_names(folder: str) -> list[str]:
    """The modules in ``folder``, not imported; those that start with ``_`` are helpers."""
    try:
        files = sorted(os.listdir(folder))
    except OSError:
        return []
    names = (file[:-3] for file in files if file.endswith(".py") and not file.startswith("_"))
    return [name for name in names if name.isidentifier()]


def core_commands() -> list[str]:
    """The names of the tool's own commands."""
    return module_names(_CORE)


def find_commands(apps: Iterable[App]) -> dict[str, CommandFile]:
    """Command name -> its file: an app's wins over a core command, an earlier app's over both."""
    package = __package__
    found = {
        name: CommandFile(f"{_CORE}/{name}.py", f"{package}.commands.{name}", None)
        for name in core_commands()
    }
    for app in reversed(list(apps)):
        folder = f"{app.path}/management/commands"
        for name in module_names(folder):
            module = app.dotted(f"management.commands.{name}")
            found[name] = CommandFile(f"{folder}/{name}.py", module, app.name)
    return found


def sentence(text: str) -> str:
    """The first sentence of a help text, on one line."""
    paragraph = re.split(r"\n\s*\n|\f", text.strip(), maxsplit=1)[0]
    line = " ".join(paragraph.replace("\b", "").split())
    return re.split(r"(?<=\.) ", line, maxsplit=1)[0]


def _declares(function: ast.expr) -> bool:
    """Whether it is ``click.command``, or ``command`` of anything else."""
    return getattr(function, "attr", None) == "command" or getattr(function, "id", "") == "command"


def _read(text: str) -> str | None:
    """The same of any file: the help that ``command`` is declared with, else its docstring."""
    import ast

    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == "command":
            for decorator in node.decorator_list:
                if not isinstance(decorator, ast.Call) or not _declares(decorator.func):
                    continue
                given = {word.arg: word.value for word in decorator.keywords}
                if "hidden" in given or None in given:
                    return None
                for name in ("short_help", "help"):
                    if (value := given.get(name)) is None:
                        continue
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        return sentence(value.value)
                    return None
            return sentence(ast.get_docstring(node, clean=False) or "")
    return None

"""The help of manage.py itself: what ``--help``, ``help`` and no arguments at all print.

Written without Click and without importing a command, since it is the first thing that is
looked at, and the most often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import output
from .command_files import CommandFile, find_commands, sentence
from .common_options import COMMON
from .errors import ManageError
from .fitting import definitions, fit

if TYPE_CHECKING:
    from .project import Project

ABOUT = "Manage an SQLAlchemy project: migrate, seed and explore it, and check its links."
_EXAMPLES = (
    ("prepare", "create, migrate and fill the database"),
    ("migrate --plan", "show what would be applied"),
    ("help COMMAND", "show the help and examples of a command"),
)
_WIDEST = 100  # longer lines are hard to read
_USUAL = 80


def help_width() -> int:
    """How wide help is: as the terminal, up to a hundred columns; 80 elsewhere."""
    return min(output.width() or _USUAL, _WIDEST)


def is_asked_for(arguments: list[str]) -> bool:
    """Whether a command line is nothing but the question what there is."""
    return arguments in ([], ["--help"], ["-h"], ["help"])


def show(project: Project, program: str) -> None:
    """Print the help; what is wrong with the settings goes to stderr after it."""
    broken: ManageError | None = None
    try:
        commands = find_commands(project.homes)
    except ManageError as error:
        commands, broken = find_commands(()), error
    output.answer(top_help(program, commands, help_width()), verbatim=True)
    if broken is not None:
        output.error(broken.message, broken.hint)


def top_help(program: str, commands: dict[str, CommandFile], width: int) -> str:
    """The whole text."""
    lines = [f"Usage: {program} [OPTIONS] COMMAND [ARGS]...", ""]
    lines += [*fit(f"  {ABOUT}", width).split("\n"), "", "  Example:"]
    examples = [(f"{program} {command}", text) for command, text in _EXAMPLES]
    lines += [f"  {line}" for line in definitions(examples, width - 2, most=40)]
    lines += ["", "Options:", *definitions(_options(), width)]
    sections: dict[str, list[tuple[str, str]]] = {}
    for name, file in sorted(commands.items()):
        text = _summary(file)
        if text is not None:
            title = f"Commands of {file.app}:" if file.app else "Commands:"
            sections.setdefault(title, []).append((name, text))
    for title, rows in sections.items():
        lines += ["", title, *definitions(rows, width)]
    return "\n".join(lines)


def _options() -> list[tuple[str, str]]:
    rows = [
        (", ".join(flags) + (f" {value}" if value else ""), text)
        for flags, (value, text) in COMMON.items()
    ]
    return [
        *rows,
        ("--version", "Show the version and exit."),
        ("-h, --help", "Show this message and exit."),
    ]


def _summary(file: CommandFile) -> str | None:
    """What the command does; None for a hidden one."""
    try:
        found = file.summary()
    except (OSError, SyntaxError, ValueError) as error:
        return f"(cannot be loaded) {error}"
    return _imported(file) if found is None else found


def _imported(file: CommandFile) -> str | None:
    """The same of a command whose file alone does not tell it."""
    from importlib import import_module

    try:
        command = import_module(file.module).command
    except Exception as error:
        return f"(cannot be loaded) {type(error).__name__}: {error}"
    if getattr(command, "hidden", False):
        return None
    text = getattr(command, "short_help", None) or getattr(command, "help", None)
    return sentence(text) if text else ""

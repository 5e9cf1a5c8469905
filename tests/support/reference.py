"""The section of docs/commands.md about each command, made from its ``--help``."""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap

import click

from sqlalchemy_manage.options import common_options

_COMMON = {option.name for option in common_options()}


def reference(name: str) -> str:
    """What the page says of a command: its usage, help, options and examples."""
    command = importlib.import_module(f"sqlalchemy_manage.commands.{name}").command
    context = click.Context(command, info_name=name)
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    text, _, example = inspect.cleandoc(command.help or "").partition("\b\nExample:\n")
    parts = [f"### {name}", f"`manage.py {' '.join([name, *pieces])}`", _prose(text)]
    rows = [
        f"| {_cell(', '.join(f'`{flag}`' for flag in _flags(option, context)))} | "
        f"{_cell(_help(option, context))} |"
        for option in command.params
        if isinstance(option, click.Option) and option.name not in _COMMON
    ]
    if rows:
        parts.append("\n".join(["| option | meaning |", "|---|---|", *rows]))
    if example:
        lines = [line.strip() for line in example.rstrip().splitlines()]
        parts.append("\n".join(["```sh", *(_commented(line) for line in lines), "```"]))
    return "\n\n".join(parts) + "\n"


def section(page: str, name: str) -> str:
    """What ``page`` says of a command; empty if nothing."""
    found = re.search(rf"^### {name}\n.*?(?=^##|\Z)", page, re.M | re.S)
    return found[0].rstrip() + "\n" if found else ""


def _prose(text: str) -> str:
    paragraphs = [re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", text)]
    lines = [textwrap.fill(part, 80, break_on_hyphens=False) for part in paragraphs if part]
    return "\n\n".join(lines).replace("<", "&lt;")


def _flags(option: click.Option, context: click.Context) -> list[str]:
    metavar = "" if option.is_flag else option.make_metavar(context)
    metavar = re.sub(r"^(INTEGER|FLOAT)( RANGE)?$", "N", metavar)
    flags = [*option.opts, *option.secondary_opts]
    return [*flags[:-1], f"{flags[-1]} {metavar}".rstrip()]


def _help(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None
    return record[1]


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _commented(line: str) -> str:
    """An example whose comment, after several spaces, is one of the shell."""
    command, spaces, comment = re.fullmatch(r"(.*?)(?:( {2,})(.*))?", line).groups()  # type: ignore[union-attr]
    return f"{command}{spaces}# {comment}" if comment else command

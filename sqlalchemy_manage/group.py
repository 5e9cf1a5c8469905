"""The manage.py group: finds commands without importing them, and shows their help."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import click

from . import output
from ._version import __version__
from .command_files import CommandFile, find_commands
from .conf import raised
from .elsewhere import command_here, no_app_here, option_here
from .errors import ManageError, UsageError, did_you_mean
from .fitting import fit
from .options import common_options
from .project import Project
from .top_help import ABOUT, help_width, top_help


class HelpText(click.HelpFormatter):
    """Help as wide as the terminal, in which no example is broken inside a command."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(width=help_width() - 2)

    def write_text(self, text: str) -> None:
        # Click leaves the lines of a paragraph that begins with \\b as they are.
        indent = " " * self.current_indent
        for number, paragraph in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(text))):
            if number:
                self.write_paragraph()
            first, _, rest = paragraph.partition("\n")
            lines = rest.split("\n") if first.strip() == "\b" else [" ".join(paragraph.split())]
            for line in lines:
                self.write(fit(f"{indent}{line}", self.width) + "\n")


class HelpContext(click.Context):
    """A command line whose help is written so."""

    formatter_class = HelpText


_WITHOUT_CODE = frozenset({"version", "startproject", "startapp", "init", "test"})
"""The commands that import none of the project's code in this process."""


def _asks_for_help(args: list[str]) -> bool:
    before = args[: args.index("--")] if "--" in args else args
    return "--help" in before or "-h" in before


class ManageGroup(click.Group):
    """Core commands from ``commands/``, and each installed app's ``management/commands/``.

    An app's command wins over a core command of the same name, as in Django. A
    settings module that cannot be loaded leaves the core commands listed.
    """

    context_class = HelpContext

    def invoke(self, ctx: click.Context) -> Any:
        with ExitStack() as stack:
            ctx.meta["manage.around"] = stack
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Which commands exist depends on --settings, wherever it is on the line.
        for index, word in enumerate(args):
            if word == "--":
                break
            if word.startswith("--settings="):
                ctx.ensure_object(Project).settings_name = word.partition("=")[2]
            elif word == "--settings" and index + 1 < len(args):
                ctx.ensure_object(Project).settings_name = args[index + 1]
        return super().parse_args(ctx, args)

    def sources(self, ctx: click.Context) -> dict[str, CommandFile]:
        """Command name -> its file, the winner only; apps listed first win over later ones."""
        cached: dict[str, CommandFile] | None = ctx.meta.get("manage.sources")
        if cached is not None:
            return cached
        try:
            found = find_commands(ctx.ensure_object(Project).homes)
        except ManageError as error:
            found = find_commands(())
            ctx.meta["manage.settings_error"] = error
        ctx.meta["manage.sources"] = found
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.sources(ctx))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        file = self.sources(ctx).get(name)
        if file is None:
            return None
        module_name = file.module
        try:
            command = getattr(importlib.import_module(module_name), "command", None)
        except ManageError:
            raise
        except Exception as error:
            raise ManageError(
                f"the command '{name}' cannot be loaded: {module_name} raised {raised(error)}"
            ) from error
        if not isinstance(command, click.Command):
            raise ManageError(
                f"the command '{name}' cannot be loaded: {module_name} has no Click "
                "command named 'command'."
            )
        command.name = name
        command.context_class = HelpContext
        if not getattr(command, "passes_all_arguments", False):
            taken = {flag for param in command.params for flag in param.opts}
            command.params += [o for o in common_options() if not taken & set(o.opts)]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name == "help" and name not in self.sources(ctx):
            if len(args) == 1:
                click.echo(ctx.get_help())
                ctx.exit()
            args = [args[1], "--help"]
            name = args[0]
        if name not in self.sources(ctx) and not name.startswith("-"):
            if (broken := ctx.meta.get("manage.settings_error")) is not None:
                raise broken
            if (here := command_here(args, self.sources(ctx))) is not None:
                raise UsageError(here)
            # A word of another tool is like some word here by chance.
            near = did_you_mean(name, self.sources(ctx), likeness=0.7)
            ctx.fail(f"No such command '{name}'.{near}")
        runs = name not in _WITHOUT_CODE and not _asks_for_help(args)
        stack = ctx.meta.get("manage.around")  # a shell that completes a word runs nothing
        if runs and stack is not None and "manage.settings_error" not in ctx.meta:
            # Before the command is imported: it may import models.
            stack.enter_context(ctx.ensure_object(Project).around())
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(top_help(ctx.command_path, self.sources(ctx), help_width()) + "\n")
        if (broken := ctx.meta.get("manage.settings_error")) is not None:
            output.error(str(broken), broken.hint)


@click.command(
    cls=ManageGroup,
    params=common_options(),
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="COMMAND [ARGS]...",
    help=ABOUT,
)
@click.version_option(__version__, prog_name="sqlalchemy-manage")
def cli() -> None:
    pass


def explained(error: click.ClickException) -> Iterator[str]:
    """The lines of an error in the usage: how the command is called, and what is wrong.

    A user of another tool is told the command here.
    """
    context = getattr(error, "ctx", None)
    command = context.command.name if context is not None else None
    here = None
    if isinstance(error, click.NoSuchOption):
        here = option_here(command, error.option_name)
    elif error.format_message().startswith("Got unexpected extra argument"):
        here = no_app_here(command)
    if context is not None and here is None:
        yield context.get_usage()
        yield f"Try '{context.command_path} {context.help_option_names[-1]}' for help.\n"
    yield f"Error: {error.format_message()}"
    if here is not None:
        yield here

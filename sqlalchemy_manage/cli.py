"""The manage.py group: finds commands without importing them, and is the one error boundary."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import click

from . import advice, output
from ._version import __version__
from .conf import failing_line, raised
from .errors import Interrupted, ManageError, did_you_mean
from .interrupts import interruption, listening, received
from .library_warnings import own_words
from .options import common_options
from .project import Project

# The first sentence of a help text is shown whole, on two lines if need be. Only a help text
# without a first sentence is cut.
_SHORT_HELP_LIMIT = 120


class ManageGroup(click.Group):
    """Core commands from ``commands/``, and each installed app's ``management/commands/``.

    An app's command wins over a core command of the same name, as in Django. A
    settings module that cannot be loaded leaves the core commands listed.
    """

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

    def sources(self, ctx: click.Context) -> dict[str, str]:
        """Command name -> module, the winner only; apps listed first win over later ones."""
        cached: dict[str, str] | None = ctx.meta.get("manage.sources")
        if cached is not None:
            return cached
        found = {name: f"{__package__}.commands.{name}" for name in core_commands()}
        try:
            apps = ctx.ensure_object(Project).apps
        except ManageError as error:
            apps = []
            ctx.meta["manage.settings_error"] = error
        for app in reversed(apps):
            for name in module_names(app.path / "management" / "commands"):
                found[name] = f"{app.name}.management.commands.{name}"
        ctx.meta["manage.sources"] = found
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.sources(ctx))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module_name = self.sources(ctx).get(name)
        if module_name is None:
            return None
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
        if not getattr(command, "passes_all_arguments", False):
            taken = {flag for param in command.params for flag in param.opts}
            command.params += [o for o in common_options() if not taken & set(o.opts)]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.sources(ctx) and not name.startswith("-"):
            if (broken := ctx.meta.get("manage.settings_error")) is not None:
                raise broken
            ctx.fail(f"No such command '{name}'." + did_you_mean(name, self.sources(ctx)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, module_name in sorted(self.sources(ctx).items()):
            owner = module_name.partition(".management.")[0]
            title = "Commands" if owner == module_name else f"Commands of {owner}"
            try:
                command = self.get_command(ctx, name)
                text = command.get_short_help_str(_SHORT_HELP_LIMIT) if command else ""
            except ManageError as error:
                text = f"(cannot be loaded) {error}"
            sections.setdefault(title, []).append((name, text))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)
        if (broken := ctx.meta.get("manage.settings_error")) is not None:
            output.error(str(broken), broken.hint)


def module_names(folder: Path) -> list[str]:
    """The modules in ``folder``, not imported; those that start with ``_`` are helpers."""
    return [
        module.name
        for module in pkgutil.iter_modules([str(folder)])
        if not module.ispkg and not module.name.startswith("_")
    ]


def core_commands() -> list[str]:
    """The names of the tool's own commands."""
    return module_names(Path(__file__).parent / "commands")


@click.command(
    cls=ManageGroup,
    params=common_options(),
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.version_option(__version__, prog_name="sqlalchemy-manage")
def cli() -> None:
    """Manage an SQLAlchemy project: migrate, seed and explore it, and check its links.

    \b
    Example:
      manage.py prepare            create, migrate and fill the database
      manage.py migrate --plan     show what would be applied
      manage.py COMMAND --help     show the help and examples of a command
    """


def main(argv: list[str] | None = None, prog_name: str | None = None) -> int:
    """Run one command line; return its exit code.

    0 done or nothing to do, 1 failed or a check found something, 2 wrong usage,
    3 a question that nobody could answer, 75 locked, 130 interrupted, 143 terminated.
    """
    with listening():
        return _main(argv, prog_name)


def _main(argv: list[str] | None, prog_name: str | None) -> int:
    project = Project()
    advice.begin(sys.argv[1:] if argv is None else argv)
    # A console script has its own folder on the path, not the one it is called in.
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())
    color = False if os.environ.get("NO_COLOR") else None
    output.configure(project.verbosity)
    output.use_color(color)
    try:
        with own_words():
            result = cli.main(
                args=argv, prog_name=prog_name, standalone_mode=False, obj=project, color=color
            )
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(err=True)  # leave the line of the progress or the question
        if not received():
            output.error("interrupted.")
            return 130
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output went away (``| head``); Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if project.traceback:
            show_traceback()
        if received() and not isinstance(error, Interrupted):
            return _interrupted()
        known = error if isinstance(error, ManageError) else _database_trouble(error)
        if known is not None:
            output.error(known.message, known.hint)
            return known.exit_code
        what = f"{type(error).__name__}: {str(error).strip()}".splitlines()[0].rstrip(": ")
        output.error(
            what + failing_line(error),
            None if project.traceback else "Add --traceback to see where it came from.",
        )
        return 1
    finally:
        project.close()


def _interrupted() -> int:
    """Say which signal ended the command, and return its exit code."""
    error = interruption("The command", "")
    output.error(error.message, error.hint)
    return error.exit_code


def _database_trouble(error: Exception) -> ManageError | None:
    """A database's own error, in words; does not import SQLAlchemy to find out."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DBAPIError

    from .databases.engines import trouble

    return trouble(error) if isinstance(error, DBAPIError) else None


def show_traceback() -> None:
    """Print the current exception's traceback on stderr, without passwords."""
    import traceback

    click.echo(output.redact(traceback.format_exc()), err=True, nl=False)

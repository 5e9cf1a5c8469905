"""Where a command line begins and ends: what went wrong becomes words and an exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from . import output, top_help
from .errors import Interrupted
from .project import Project

if TYPE_CHECKING:
    from sqlalchemy import MetaData


def main(argv: list[str] | None = None, prog_name: str | None = None) -> int:
    """Run one command line; return its exit code.

    0 done or nothing to do, 1 failed or a check found something, 2 wrong usage,
    3 a question that nobody could answer, 75 locked, 130 interrupted, 143 terminated.
    """
    project = Project()
    project.other_metadatas = _metadatas_of_env
    # A console script has its own folder on the path, not the one it is called in.
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())
    color = False if os.environ.get("NO_COLOR") else None
    output.configure(project.verbosity)
    output.use_color(color)
    arguments = sys.argv[1:] if argv is None else list(argv)
    program = prog_name or os.path.basename(sys.argv[0])
    try:
        if top_help.is_asked_for(arguments) and not _completes(program):
            top_help.show(project, program)
            return 0
        return _run(arguments, project, prog_name, color)
    except BrokenPipeError:
        # The reader of our output went away (``| head``); Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if project.traceback:
            show_traceback()
        from .troubles import in_words

        known = in_words(error, traced=project.traceback)
        output.error(known.message, known.hint)
        return known.exit_code
    finally:
        project.close()


def _metadatas_of_env(project: Project) -> list[MetaData]:
    from .migrations.foreign_env.models_of_env import metadatas_of_env

    return metadatas_of_env(project)


def _completes(program: str) -> bool:
    """Whether a shell asks what a word can become."""
    return f"_{program}_COMPLETE".replace("-", "_").replace(".", "_").upper() in os.environ


def _run(arguments: list[str], project: Project, prog_name: str | None, color: bool | None) -> int:
    import click

    from . import advice
    from .group import cli, explained
    from .interrupts import listening, received
    from .library_warnings import own_words

    advice.begin(arguments)
    with listening():
        try:
            with own_words():
                result = cli.main(
                    args=arguments,
                    prog_name=prog_name,
                    standalone_mode=False,
                    obj=project,
                    color=color,
                )
            return result if isinstance(result, int) else 0
        except click.ClickException as error:
            for line in explained(error):
                output.say(line, level=0)
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            output.say("", level=0)  # leave the line of the progress or the question
            if received():
                return _interrupted()
            output.error("interrupted.")
            return 130
        except Exception as error:
            if not received() or isinstance(error, Interrupted):
                raise
            if project.traceback:
                show_traceback()
            return _interrupted()


def _interrupted() -> int:
    """Say which signal ended the command, and return its exit code."""
    from .interrupts import interruption

    error = interruption("The command", "")
    output.error(error.message, error.hint)
    return error.exit_code


def show_traceback() -> None:
    """Print the current exception's traceback on stderr, without passwords."""
    import traceback

    output.trace(traceback.format_exc())

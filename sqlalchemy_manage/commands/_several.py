"""A command on several databases: ``--all``, ``--jobs``, and a pattern for ``--database``."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .. import advice, output
from ..errors import Interrupted, ManageError, UsageError

if TYPE_CHECKING:
    from ..project import Project
    from ..several.results import Result

_CHOICE, _FACTS = "several.choice", "several.facts"


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        ctx.meta.setdefault(_CHOICE, {})[param.name] = value


class OnSeveral(click.Command):
    """A command that can be run on several databases.

    ``shows``: what it prints is its result, and is shown for all databases. ``moves``: where a
    database is afterwards is a part of the result. ``writes``: it works on the histories rather
    than on the databases, with one of those that share a history, and may ask.
    """

    def __init__(
        self,
        *args: Any,
        shows: bool = False,
        moves: bool = False,
        writes: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.shows, self.moves, self.writes = shows, moves, writes
        self.own_json = any(param.name == "as_json" for param in self.params)
        how: dict[str, Any] = {"expose_value": False, "callback": _keep}
        text = f"On every {'history' if writes else 'database'} of DATABASES."
        self.params.append(click.Option(["--all", "every"], is_flag=True, help=text, **how))
        if not writes:
            text = "With several databases: work on N at a time, each in a process."
            kind = click.IntRange(min=1)
            self.params.append(click.Option(["--jobs"], type=kind, metavar="N", help=text, **how))
        if not self.own_json:
            text = "With several databases: print JSON."
            self.params.append(click.Option(["--json"], is_flag=True, help=text, **how))

    def invoke(self, ctx: click.Context) -> Any:
        from ..several.aliases import names_several

        project: Project = ctx.ensure_object(_project_class())
        choice: dict[str, Any] = ctx.meta.get(_CHOICE, {})
        every, given = choice.get("every", False), project.alias
        if every and advice.is_chosen("--database"):
            raise UsageError("--all and --database cannot be used together.")
        several = names_several(given) and given not in project.settings.databases
        if not (every or several):
            for name in ("jobs", "json"):
                if name in choice:
                    raise UsageError(
                        f"--{name} needs --all, or several databases: --database 'tenant_*'."
                    )
            return super().invoke(ctx)
        from ..several.aliases import chosen

        aliases = chosen(project.settings, None if every else given)
        if self.writes:
            aliases = _one_of_each_history(project, aliases)
            if not ctx.params.get("as_json"):
                return one_by_one(self, ctx, project, aliases)
        return run(self, ctx, project, aliases, choice)


def _project_class() -> type[Project]:
    from ..project import Project

    return Project


def summary(text: str) -> None:
    """What the command says of its database in the table of several; nothing with one."""
    _facts()["result"] = text


def done(revision: str) -> None:
    """A revision was applied, undone or recorded."""
    _facts().setdefault("done", []).append(revision)


def _facts() -> dict[str, Any]:
    context = click.get_current_context(silent=True)
    return {} if context is None else context.meta.setdefault(_FACTS, {})


def run(
    command: OnSeveral,
    ctx: click.Context,
    project: Project,
    aliases: list[str],
    choice: dict[str, Any],
) -> int:
    """Run the command on each of ``aliases``, and print what came of it; the exit code."""
    from ..interrupts import interruption, received
    from ..once import kept
    from ..several.results import FOUND, Result, exit_code
    from ..several.workers import Processes, in_turn
    from ._several_shown import progress, show

    as_json = choice.get("json", False) or ctx.params.get("as_json", False)
    params = dict(ctx.params)
    if "as_json" in params:
        params["as_json"] = as_json and bool(params.get("only_plan", True))
    jobs = min(choice.get("jobs", 1), len(aliases))
    found = {alias: Result(alias) for alias in aliases}
    with kept():
        pool = None
        if jobs > 1:
            _load(project, command.name)
            setup = (project, command.name, params, advice.typed_words())
            # An event loop would be shared with its copies.
            pool = Processes(worker, setup, jobs, fork=project.runner is None)
        with progress(len(aliases)) as advance:

            def take(result: Result) -> None:
                found[result.alias] = result
                advance(result)

            if pool is not None:
                pool.run(aliases, take)
            else:
                with contextlib.suppress(KeyboardInterrupt):  # between two of them
                    in_turn(aliases, _work(command, project, params), take)
    results = [found[alias] for alias in aliases]
    inside = params.get("as_json", False)
    shows = command.shows or any(params.get(name) for name in ("only_plan", "check", "dry_run"))
    show(results, moves=command.moves, as_json=as_json, parsed=inside, outputs=shows)
    failed = [result.alias for result in results if not (result.ok or result.status == FOUND)]
    if failed:
        advice.choose("--database", ",".join(failed))
        again = advice.REPEAT_FAILED(words=advice.without_databases())
        output.say(f"Again for {'it' if len(failed) == 1 else 'these'} alone: {again}")
    if received():
        complete = sum(result.ok for result in results)
        raise interruption(
            "The command",
            f"{complete} of {len(results)} databases are done; of each other, every revision is "
            "applied whole or not at all, or is continued by the next run.",
        )
    return exit_code(results)


def one_by_one(
    command: click.Command, ctx: click.Context, project: Project, aliases: list[str]
) -> int:
    """Run the command on one after the other, which prints and asks as ever; the exit code."""
    from ..troubles import in_words

    codes: list[int] = []
    for alias in aliases:
        each = project.on(alias)
        advice.on_alias(alias)
        if len(aliases) > 1:
            output.say(f"{alias} ({os.path.relpath(each.migrations.folder)}):")
        context = click.Context(command, parent=ctx.parent, info_name=command.name, obj=each)
        context.params = ctx.params
        try:
            with context.scope(cleanup=False):
                codes.append(click.Command.invoke(command, context) or 0)
        except Interrupted:
            raise
        except ManageError as error:
            known = in_words(error)
            output.error(known.message, known.hint)
            codes.append(known.exit_code)
        finally:
            each.close()
    different = set(codes) - {0}
    return different.pop() if len(different) == 1 else int(bool(different))


def _one_of_each_history(project: Project, aliases: list[str]) -> list[str]:
    """The first alias of those that share a history."""
    found: dict[tuple[Any, ...], str] = {}
    for alias in aliases:
        history = project.settings.migrations_of(alias)
        found.setdefault((history.folder, history.locations), alias)
    return list(found.values())


def _load(project: Project, command: str | None) -> None:
    """Import what forked processes then have: the models, and what migrates."""
    with contextlib.suppress(ManageError):
        _ = project.models_modules
    if command in _MIGRATING:
        from ..migrations import environment
        from ..migrations.actions import migrate

        assert environment and migrate


_MIGRATING = ("migrate", "rollback", "prepare")


def worker(
    project: Project, name: str, params: dict[str, Any], typed: list[str]
) -> Callable[[str], Result]:
    """The work of a process of its own; the words that were typed are for its advice."""
    import importlib
    from multiprocessing.util import Finalize

    from ..once import keep

    keep()
    stack = contextlib.ExitStack()
    stack.enter_context(project.around())
    Finalize(None, stack.close, exitpriority=1)  # left where the process ends
    output.configure(project.verbosity)
    advice.begin(typed)
    if project.settings_name and "--settings" in " ".join(typed):
        advice.choose("--settings", project.settings_name)
    module = importlib.import_module(f"{__package__}.{name}")
    module.command.name = name
    work = _work(module.command, project, params)

    def inside(alias: str) -> Result:
        assert stack is not None  # it stays open as long as the process works
        return work(alias)

    return inside


def _work(command: OnSeveral, project: Project, params: dict[str, Any]) -> Callable[[str], Result]:
    if command.name in _MIGRATING:
        from ..migrations.alembic_internals import keep_scripts

        keep_scripts()

    def work(alias: str) -> Result:
        return _on_one(command, project.on(alias), params)

    return work


def _on_one(command: OnSeveral, project: Project, params: dict[str, Any]) -> Result:
    """Run the command on one of several databases; raises nothing, and prints nothing."""
    from ..interrupts import received
    from ..library_warnings import own_words
    from ..several.results import FAILED, FOUND, INTERRUPTED, LOCKED, OK, Result
    from ..troubles import in_words

    result, facts, begun = Result(project.alias), {}, time.monotonic()
    advice.on_alias(project.alias)
    context = click.Context(command, info_name=command.name, obj=project)
    context.params = params
    error: ManageError | None = None
    stdin = sys.stdin
    with open(os.devnull) as nobody, output.captured() as (out, err), own_words():
        with context.scope():
            sys.stdin = nobody  # nobody is asked: several processes cannot share a terminal
            facts = context.meta.setdefault(_FACTS, {})
            try:
                code = context.invoke(command.callback, **params) if command.callback else 0
                result.exit_code = code if isinstance(code, int) else 0
            except (KeyboardInterrupt, click.Abort):
                error = Interrupted("It was interrupted.")
                error.exit_code = 130
            except click.ClickException as raised:
                error = ManageError(raised.format_message())
                error.exit_code = raised.exit_code
            except Exception as raised:
                if project.traceback and not isinstance(raised, ManageError):
                    traceback.print_exc()
                error = in_words(raised, traced=project.traceback)
            finally:
                sys.stdin = stdin
        with contextlib.suppress(Exception):
            if command.moves and not (received() or _is_away(error)):
                from ..migrations.revisions.history import project_heads

                result.at = list(project_heads(project))
        project.close()
    result.done = facts.get("done", [])
    result.seconds = time.monotonic() - begun
    result.output = out.getvalue()
    if error is not None:
        result.exit_code = error.exit_code
        result.message, result.hint = output.redact(error.message), error.hint
        result.hint = error.hint and output.redact(error.hint)
        result.status = LOCKED if error.exit_code == 75 else FAILED
        if isinstance(error, Interrupted) or received():
            result.status = INTERRUPTED
    else:
        result.status = FOUND if result.exit_code else OK
    # The last line of JSON says nothing.
    printed = "" if params.get("as_json") else result.output
    result.result = _in_short(result, facts, printed or err.getvalue())
    if project.traceback:
        result.output += err.getvalue()
    return result


def _is_away(error: ManageError | None) -> bool:
    from ..errors import ConnectionFailed, DatabaseMissing

    return isinstance(error, (ConnectionFailed, DatabaseMissing))


def _in_short(result: Result, facts: dict[str, Any], printed: str) -> str:
    """One line: what the command says, what was done, else the last line that it printed."""
    if result.message is not None:
        first = result.message.splitlines()[0]
        done = f"after {len(result.done)} done: " if result.done else ""
        return f"{done}{first if len(first) <= 60 else first[:57] + '...'}"
    if "result" in facts:
        return str(facts["result"])
    if result.done:
        if len(result.done) <= 2:
            return ", ".join(result.done)
        return f"{len(result.done)} revisions, {result.done[0]} to {result.done[-1]}"
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    nothing = "something was found" if result.exit_code else "done"
    return lines[-1] if lines else nothing

"""Is the project in order? Settings, connection, models, history, schema; each on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import advice
from .errors import Interrupted, ManageError
from .fitting import count

if TYPE_CHECKING:
    from .project import Project


@dataclass(frozen=True)
class Check:
    """One result: status is ``ok``, ``warning``, ``failed`` or ``skipped``."""

    name: str
    status: str
    message: str
    hint: str | None = None


def run_checks(project: Project, *, drift: bool = False) -> Iterator[Check]:
    """Each check in turn; one that needs a failed earlier one is skipped.

    ``drift``: also whether the database matches its own history. The database is
    only read. Warnings come last, one a table; there is nothing of them otherwise.
    """
    failed: dict[str, str] = {}
    for name, (check, earlier) in _CHECKS.items():
        if name == "drift" and not drift:
            continue
        if blocked := sorted(earlier & failed.keys()):
            if name == "env":
                continue  # most projects have none that is another tool's
            failed[name] = reason = f"needs {' and '.join(blocked)}"
            if name == "drift":  # asked for: say why not
                reason += f": {failed[blocked[0]]}"
            yield Check(name, "skipped", reason)
            continue
        try:
            message = check(project)
            if message is not None:
                yield Check(name, "ok", message)
        except Interrupted as error:
            raise error.only_looked() from None
        except ManageError as error:
            failed[name] = error.message
            yield Check(name, "failed", error.message, error.hint)
    if not {"settings", "env"} & failed.keys():
        yield from _swallowed(project)
    if "history" not in failed:
        yield from _going_on(project)
    if not {"models", "migrations"} & failed.keys():
        yield from _indexes(project)


def _settings(project: Project) -> str:
    settings = project.settings
    _ = project.database, project.apps
    databases, apps = count(len(settings.databases), "database"), count(len(project.apps), "app")
    named = settings.metadata_of(project.alias)
    more = f", {len(named)} in METADATA" if named else ""
    return f"{settings.file}, {databases}, {apps}{more}"


def _environment(project: Project) -> str | None:
    from .migrations.foreign_env.harvest import harvested_env

    env = harvested_env(project)
    if env is None:
        return None
    taken, ours = sorted(env.options), ", ".join(env.overridden)
    return f"{env.file} is another tool's, and is not run. It passes " + (
        f"{', '.join(taken) or 'nothing'}" + (f"; not used: {ours}" if ours else "")
    )


def _swallowed(project: Project) -> Iterator[Check]:
    from .migrations.foreign_env.harvest import harvested_env

    env = harvested_env(project)
    if env is not None and env.swallowed:
        yield Check(
            "env",
            "warning",
            f"{env.file} executes statements by itself, which are left out: "
            + "; ".join(env.swallowed),
            "What a revision needs of them belongs into the revision.",
        )


def _going_on(project: Project) -> Iterator[Check]:
    from .migrations.revisions.locations import going_on_below, project_revisions, what_goes_on

    if found := going_on_below(project, project_revisions(project)):
        yield Check("history", "warning", *what_goes_on(project, found))


def _models(project: Project) -> str:
    return f"{count(len(project.mappers), 'model')}, {count(len(project.tables), 'table')}"


def _history(project: Project) -> str:
    from .migrations.revisions.branches import branch_heads
    from .migrations.revisions.locations import project_revisions, require_found
    from .migrations.runner.status import require_sound

    history = require_sound(require_found(project, project_revisions(project)), project)
    heads = branch_heads(history)
    if not heads:
        return "no revisions yet"
    named = ", ".join(head if label is None else f"{label} {head}" for label, head in heads.items())
    return f"{count(len(history), 'revision')}, {'head' if len(heads) == 1 else 'heads'} {named}"


def _connection(project: Project) -> str:
    from .databases.engines import shown

    with project.connect() as connection:
        return shown(connection.engine.url)


def _migrations(project: Project) -> str:
    from .migrations.guards.journal.unfinished import require_finished
    from .migrations.revisions.plan import make_plan
    from .migrations.runner.status import history_status

    found = history_status(project).require_untampered()
    plan = make_plan(found.history, found.heads, None)
    require_finished(project)
    if plan.steps:
        names = [step.id for step in plan.steps]
        if len(names) > _MOST:
            names[1:-1] = ["..."]
        text = f"{len(plan.steps)} not applied: {', '.join(names)}"
        raise ManageError(text, str(advice.APPLY_PENDING))
    return "all applied"


_MOST = 5  # what is more is not read on one line


def _listed(text: str, changes: Sequence[object]) -> str:
    """Changes behind ``text`` if they are few, else one on each line."""
    if len(changes) <= _MOST:
        return f"{text} {'; '.join(map(str, changes))}"
    return "\n".join((text, *(f"  {change}" for change in changes)))


def _schema(project: Project) -> str:
    from .migrations.actions.makemigrations import draft_revision

    draft, notices = draft_revision(project, only_looks=True)
    if draft is not None and draft.changes:
        raise ManageError(
            _listed("the models differ from the database:", draft.changes),
            f"{advice.WRITE_CHANGES}, then {advice.APPLY_WRITTEN}",
        )
    return "; ".join(("matches the models", *notices))


def _drift(project: Project) -> str:
    from .migrations.actions.drift import find_drift

    found = find_drift(project)
    note = f" ({found.note})" if found.note else ""
    if found.differences:
        raise ManageError(
            _listed(f"the database differs from {found.maker}{note}:", found.differences),
            "Undo the change in the database, or write a revision for it: "
            f"{advice.WRITE_FOR_DRIFT}",
        )
    return f"the database matches {found.maker}{note}"


def _indexes(project: Project) -> Iterator[Check]:
    from .links.indexes import keys_without_index

    hint: str | None = (
        "Every row that is deleted there is looked for in the whole table here. Set index=True "
        f"in the model, then {advice.WRITE_INDEX}; info={{'index': False}} says none is wanted."
    )
    with project.connect() as connection:
        for table, keys in keys_without_index(connection, project.tables):
            columns = " or ".join(", ".join(names) for names in keys)
            message = f"{table}: no index begins with the foreign key's {columns}"
            yield Check("indexes", "warning", message, hint)
            hint = None  # once is enough


_CHECKS: dict[str, tuple[Callable[[Project], str | None], set[str]]] = {
    "settings": (_settings, set()),
    "env": (_environment, {"settings"}),
    "models": (_models, {"settings"}),
    "history": (_history, {"settings"}),
    "connection": (_connection, {"settings"}),
    "migrations": (_migrations, {"connection", "history", "env"}),
    "schema": (_schema, {"migrations", "models"}),
    "drift": (_drift, {"migrations", "models"}),
}
"""Name -> the check, and those that must have passed before it."""

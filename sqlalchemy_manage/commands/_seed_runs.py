"""What ``seed`` does with its earlier runs: lists, undoes and forgets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import advice, output
from ..errors import SeedError, UsageError
from ..fitting import count

if TYPE_CHECKING:
    from ..project import Project
    from ..seeding.undoing.ledger import SeedRun


def named_run(connection: Any, which: str, *states: str) -> SeedRun:
    """The run of that number, or the ``last`` of these states that has something left.

    Raises UsageError or SeedError where there is none.
    """
    from ..seeding.undoing.ledger import runs

    known = runs(connection)
    if which == "last":
        # A run that made nothing, as reference rows that were there, has nothing to undo.
        found = [r for r in known if r.state == "running" or (r.rows and "done" in states)]
        if not found:
            what = "was interrupted" if states == ("running",) else "is left to undo"
            raise SeedError(f"No run of seed {what}.", f"{advice.LIST_RUNS} lists them all.")
        return found[-1]
    if not which.isdigit():
        raise UsageError(f"'{which}' is not a run number.", str(advice.LIST_RUNS))
    for run in known:
        if run.id == int(which):
            if run.state not in states and not run.rows:
                raise SeedError(f"Run {which} is {run.state}.", str(advice.LIST_RUNS))
            return run
    raise SeedError(f"There is no run {which}.", f"{advice.LIST_RUNS} lists them all.")


def status(project: Project, as_json: bool) -> None:
    """Print the runs that the ledger knows."""
    from dataclasses import asdict

    from ..seeding.undoing.ledger import is_interrupted, runs

    with project.connect() as connection:
        known = runs(connection)
    if as_json:
        output.answer_json([{k: v for k, v in asdict(r).items() if k != "plan"} for r in known])
        return
    if not known:
        output.answer("Nothing was seeded here.")
        return
    output.table(
        ("run", "profile", "state", "started", "by", "random seed", "rows left"),
        [
            (
                run.id,
                run.profile or "",
                "interrupted" if is_interrupted(run) else run.state,
                f"{run.started_at:%Y-%m-%d %H:%M:%S}",
                f"{run.username}@{run.host}",
                run.random_seed,
                f"{sum(run.rows.values()):,}",
            )
            for run in known
        ],
        right=(0, 5, 6),
    )


def undo(project: Project, which: str, as_json: bool) -> int:
    """Remove what a run made, and say what was kept.

    Returns the exit code; raises SeedError where nothing was removed that should have been.
    """
    from ..data.backends import writing
    from ..seeding.undoing.ledger import require_ended
    from ..seeding.undoing.undo import undo as remove

    with project.connect() as connection:
        found = named_run(connection, which, "running", "done")
        require_ended(found)
        connection.rollback()
        with writing(connection):
            tables = {table.fullname: table for table in project.tables}
            undone = remove(connection, found.id, tables, project.mappers)
    if as_json:
        named = [{"table": k.table, "key": k.key, "because": k.because} for k in undone.kept]
        output.answer_json(
            {
                "run": found.id,
                "removed": undone.removed,
                "kept": named,
                "kept_count": undone.kept_count,
                "missing": undone.missing,
                "gone": undone.gone,
            }
        )
        return 0 if undone.is_complete else 1
    output.table(
        ("table", "removed"), [(t, f"{n:,}") for t, n in undone.removed.items()], right=(1,)
    )
    for kept in undone.kept:
        key = ", ".join(f"{name}={value!r}" for name, value in kept.key.items())
        output.answer(f"{kept.table} ({key}) is kept: {kept.because}")
    if undone.kept_count > len(undone.kept):
        output.answer(f"... and {undone.kept_count - len(undone.kept):,} more")
    total = sum(undone.removed.values())
    also = f", {undone.kept_count:,} kept" if undone.kept_count else ""
    also += f", {undone.gone:,} gone before" if undone.gone else ""
    output.answer(f"Run {found.id}: {count(total, 'row')} removed{also}.")
    if undone.missing:
        rows = ", ".join(
            f"{table} ({count(number, 'row')})" for table, number in undone.missing.items()
        )
        raise SeedError(
            f"These tables are not in the database any more: {rows}. Run {found.id} is not undone.",
            "If it was renamed outside of the migrations, give it its name back, then repeat the "
            f"command.\nIf it was dropped: {advice.FORGET_RUN(run=found.id)}",
        )
    if not undone.is_complete:
        raise SeedError(
            f"Nothing was removed: other rows refer to all that run {found.id} made.",
            "Remove those first, then repeat the command. To keep the rows for good:\n"
            f"{advice.FORGET_RUN(run=found.id)}",
        )
    return 0


def forget(project: Project, which: str) -> None:
    """Leave the rows of a run where they are, and let the ledger forget them."""
    from ..data.backends import writing
    from ..seeding.undoing.ledger import finish, forget_keys, require_ended

    with project.connect() as connection:
        found = named_run(connection, which, "running", "done")
        require_ended(found)
        connection.rollback()
        with writing(connection):
            forget_keys(connection, found.id)
            finish(connection, found.id, "forgotten")
    rows = sum(found.rows.values())
    stay = "stays, and is" if rows == 1 else "stay, and are"
    output.answer(f"Run {found.id}: {count(rows, 'row')} {stay} no longer known to be seeded.")


def undo_all(project: Project, connection: Any) -> None:
    """Remove what all runs made but the last, which has just begun."""
    from ..seeding.undoing.ledger import runs
    from ..seeding.undoing.undo import undo as remove

    tables = {table.fullname: table for table in project.tables}
    for each in reversed(runs(connection)[:-1]):
        if each.rows:
            undone = remove(connection, each.id, tables, project.mappers)
            output.say(f"Removed run {each.id}: {count(sum(undone.removed.values()), 'row')}.")
            for kept in undone.kept:
                output.say(f"  kept in {kept.table}: {kept.key}, {kept.because}")
            for table, number in undone.missing.items():
                output.say(f"  {count(number, 'row')} of {table}: the database has no such table")

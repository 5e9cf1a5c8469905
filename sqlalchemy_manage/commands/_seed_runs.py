"""What ``seed`` does with its earlier runs: lists, undoes and forgets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import output
from ..fitting import count

if TYPE_CHECKING:
    from ..project import Project


def status(project: Project, as_json: bool) -> None:
    """Print the runs that the ledger knows."""
    from dataclasses import asdict

    from ..seeding.undoing.ledger import is_interrupted
    from ..verbs.seeds import known_runs

    known = known_runs(project)
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
    from ..verbs.seeds import require_complete
    from ..verbs.seeds import undo as remove

    undone = remove(project, which)
    if as_json:
        named = [{"table": k.table, "key": k.key, "because": k.because} for k in undone.kept]
        output.answer_json(
            {
                "run": undone.run,
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
    output.answer(f"Run {undone.run}: {count(total, 'row')} removed{also}.")
    require_complete(undone)
    return 0


def forget(project: Project, which: str) -> None:
    """Leave the rows of a run where they are, and let the ledger forget them."""
    from ..verbs.seeds import forget as leave

    found = leave(project, which)
    rows = sum(found.rows.values())
    stay = "stays, and is" if rows == 1 else "stay, and are"
    output.answer(f"Run {found.id}: {count(rows, 'row')} {stay} no longer known to be seeded.")

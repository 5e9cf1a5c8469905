"""What ``seed`` prints when it makes rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import output
from ..fitting import count

if TYPE_CHECKING:
    from ..project import Project
    from ..seeding.plan import FactoryPlan, SeedRequest
    from ..seeding.running.result import Seeded
    from ..seeding.undoing.undo import Undone
    from ..verbs.seeds import Advance


def permit(project: Project) -> None:
    """Raises NotPermitted or OpenQuestion where the database is protected."""
    from ..databases.protection import require_permission
    from ._prompts import name_asker

    require_permission(project, "seed", name_asker(project))


class Shown:
    """Shows on stderr what a seed does."""

    def left_out(self, why: str) -> None:
        output.warn(f"Left out: {why}")

    @contextmanager
    def planned(self, plans: list[FactoryPlan]) -> Iterator[Advance]:
        from ._seed_progress import progress_bars

        for plan in plans:
            if not plan.asked:
                output.say(f"{plan.name}: {count(plan.count, 'row')}, because others link to them.")
        with progress_bars(plans) as bars:
            yield bars

    def slow(self, factory: str, why: str) -> None:
        output.say(f"{factory}: made one by one with factory_boy, because {why}.")

    def removed(self, undone: Undone) -> None:
        output.say(f"Removed run {undone.run}: {count(sum(undone.removed.values()), 'row')}.")
        for kept in undone.kept:
            output.say(f"  kept in {kept.table}: {kept.key}, {kept.because}")
        for table, number in undone.missing.items():
            output.say(f"  {count(number, 'row')} of {table}: the database has no such table")


def run(
    project: Project, request: SeedRequest, random_seed: int | None = None, **how: Any
) -> Seeded:
    """Plan and seed, with progress on stderr."""
    from ..verbs.seeds import seed

    return seed(project, request, random_seed, watcher=Shown(), **how)


def resume(project: Project, which: str, jobs: int) -> Seeded:
    """Continue an interrupted run, with progress on stderr."""
    from ..verbs.seeds import resume as go_on

    return go_on(project, which, jobs=jobs, watcher=Shown())


def dry_run(project: Project, request: SeedRequest, as_json: bool) -> None:
    """Print what would be made, and how; write nothing."""
    from dataclasses import asdict

    from ..verbs.seeds import planned

    found = planned(project, request, Shown())
    if as_json:
        output.answer_json({"factories": [asdict(each) for each in found]})
        return
    output.table(
        ("factory", "rows", "how", "why"),
        [(each.factory, f"{each.count:,}", each.how, each.why or "") for each in found],
        right=(1,),
    )
    output.answer("Nothing was written.")


def show(seeded: Seeded, as_json: bool) -> None:
    """Print what was written."""
    if as_json:
        output.answer_json(
            {
                "run": seeded.run if seeded.recorded else None,
                "rows": seeded.rows,
                "changed": seeded.changed,
                "total": seeded.total,
                "seconds": seeded.seconds,
                "generating": seeded.generating,
                "random_seed": seeded.random_seed,
            }
        )
        return
    output.table(("table", "rows"), [(t, f"{n:,}") for t, n in seeded.rows.items()], right=(1,))
    changed = f", {seeded.changed:,} changed" if seeded.changed else ""
    output.answer(
        f"{count(seeded.total, 'row')}{changed} in {seeded.seconds:.2f} s "
        f"({seeded.rate:,.0f} rows/s), random seed {seeded.random_seed}"
    )
    if seeded.total and not seeded.recorded:
        output.say("Not recorded, as the settings have LEDGER = False: --undo does not know it.")

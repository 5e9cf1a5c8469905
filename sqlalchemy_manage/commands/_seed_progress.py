"""How far a run of ``seed`` has come, shown while it works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import output

if TYPE_CHECKING:
    from ..seeding.plan import FactoryPlan


@contextmanager
def progress_bars(plans: list[FactoryPlan]) -> Iterator[Callable[[Any, int], None]]:
    """Show how far each plan is: bars on a terminal, else lines with ``-v 2``."""
    if not sys.stderr.isatty() or output.verbosity() < 1 or sum(s.count for s in plans) < 20_000:
        yield lambda plan, done: output.say(f"{plan.name}: {done:,} of {plan.count:,}", level=2)
        return
    import time

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} rows/s"),
        TimeRemainingColumn(),
    )
    started: dict[int, float] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars = {id(s): progress.add_task(s.name, total=s.count, rate="") for s in plans if s.count}

        def advance(plan: Any, done: int) -> None:
            begun = started.setdefault(id(plan), time.monotonic() - 1e-3)
            rate = done / max(time.monotonic() - begun, 1e-3)
            progress.update(bars[id(plan)], completed=done, rate=f"{rate:,.0f}")

        yield advance

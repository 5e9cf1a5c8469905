"""How far a run of ``seed`` has come, shown while it works."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import output
from ..fitting import cells, count

if TYPE_CHECKING:
    from ..seeding.plan import FactoryPlan

_AFTER = 1.0
"""Seconds after which bars are shown: what takes less needs none."""
_BAR = 40
_LEAST_BAR = 8


class Pace:
    """How fast rows come, from when this run began with them."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun: float | None = None
        self.ended: float | None = None
        self.first = self.done = 0

    def reached(self, done: int, now: float) -> None:
        """So many rows are there; the first time, that is where this run begins."""
        if self.begun is None:
            self.begun, self.first = now, done
        self.done = done
        if done >= self.total and self.ended is None:
            self.ended = now

    def rate(self, now: float) -> float | None:
        """Rows a second of this run, up to the last row; None before any."""
        now = now if self.ended is None else self.ended
        if self.begun is None or self.done <= self.first or now <= self.begun:
            return None
        return (self.done - self.first) / (now - self.begun)

    def left(self, now: float) -> float | None:
        """Seconds until the last row at that rate; None where it is not known."""
        rate = self.rate(now)
        return (self.total - self.done) / rate if rate else None


def progress_line(
    name: str, pace: Pace, now: float, width: int, names: int = 0, unit: str = "row"
) -> str:
    """One line of at most ``width`` columns: the name, a bar, the rows, the rate, the time left.

    Where there is no room for all, the bar gets shorter, then the rate goes, then the bar.
    ``names``: how wide the longest name is. ``unit``: what is counted.
    """
    rows = f"{pace.done:,} of {count(pace.total, unit)}"
    rate, left = pace.rate(now), pace.left(now)
    speed = f"{rate:,.0f} {unit}s/s" if rate is not None and rate >= 10 else ""
    if rate is not None and rate < 10:
        speed = f"{rate:.1f} {unit}s/s"
    rest = f"{_duration(left)} left" if left and pace.done < pace.total else ""
    label = name + " " * (names - cells(name))
    for more in ([speed, rest], [rest], []):
        parts = [label, rows, *filter(None, more)]
        room = width - sum(map(cells, parts)) - 2 * len(parts)
        if room >= _LEAST_BAR:
            return "  ".join([label, _bar(pace, min(room, _BAR)), *parts[1:]])
    return f"{name}  {rows}" if cells(name) + 2 + cells(rows) <= width else rows


def _bar(pace: Pace, width: int) -> str:
    full = width * pace.done // pace.total if pace.total else width
    return "━" * full + "─" * (width - full)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.999), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _lines() -> Callable[[Any, int], None]:
    """The same as lines with ``-v 2``: one for each block of rows, not for each row."""
    from ..seeding.running.chunks import SIZE

    begun: set[int] = set()

    def advance(plan: Any, done: int) -> None:
        if id(plan) in begun and (done % SIZE == 0 or done == plan.count):
            output.say(f"{plan.name}: {done:,} of {plan.count:,}", level=2)
        begun.add(id(plan))

    return advance


@contextmanager
def progress_bars(plans: list[FactoryPlan]) -> Iterator[Callable[[Any, int], None]]:
    """Show how far each plan is: bars on a terminal, else lines with ``-v 2``.

    What is said meanwhile on stderr comes above the bars.
    """
    if not sys.stderr.isatty() or output.verbosity() < 1:
        yield _lines()
        return
    shown = {id(plan): (plan.name, Pace(plan.count)) for plan in plans if plan.count}
    names = max((cells(name) for name, _ in shown.values()), default=0)

    def lines(room: int, height: int) -> list[str]:
        now = time.monotonic()
        begun = [(name, pace) for name, pace in shown.values() if pace.begun is not None]
        # As many as have room: those that came last.
        begun = begun[-max(1, height - 3) :]
        return [progress_line(n, p, now, room, min(names, room // 3)) for n, p in begun]

    def advance(plan: Any, done: int) -> None:
        if id(plan) in shown:
            shown[id(plan)][1].reached(done, time.monotonic())

    with live_lines(lines):
        yield advance


@contextmanager
def live_lines(lines: Callable[[int, int], list[str]]) -> Iterator[None]:
    """Meanwhile show ``lines``, made anew several times a second, below what is said on stderr.

    They are made for a number of columns and of lines. Nothing is shown in the first second.
    """
    from threading import Timer

    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    # This stderr: what is done meanwhile may have its own.
    stream = sys.stderr
    console = Console(file=stream, width=output.width(err=True), no_color=True, highlight=False)

    def group() -> Group:
        texts = lines(console.width - 1, console.height)
        return Group(*(Text(text, no_wrap=True, overflow="crop") for text in texts))

    live = Live(get_renderable=group, console=console, transient=True, refresh_per_second=8)

    def above(text: str) -> None:
        if live.is_started:
            console.print(Text.from_ansi(text), soft_wrap=True)
        else:
            stream.write(f"{text}\n")
            stream.flush()

    timer = Timer(_AFTER, live.start)
    timer.daemon = True
    timer.start()
    try:
        with output.above(above):
            yield
    finally:
        timer.cancel()
        timer.join()
        live.stop()

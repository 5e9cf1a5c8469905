"""How a command on several databases shows what it does, and what came of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import output
from ..fitting import count

if TYPE_CHECKING:
    from ..several.results import Result

_TOLD = 10
"""So many different errors are printed in full; --json has all."""


def show(
    results: Sequence[Result],
    *,
    moves: bool,
    as_json: bool,
    parsed: bool,
    outputs: bool,
) -> None:
    """Print the results: JSON, or what the command printed, a table, and the errors.

    ``moves``: where they are is known. ``parsed``: what was printed for each is JSON.
    ``outputs``: it is shown for all; else only for those where something was found.
    """
    from ..several.results import FOUND, alike

    if as_json:
        for result in results:
            result.output = _parsed(result.output) if parsed else None
        databases = [result.as_json() for result in results]
        output.answer_json({"ok": all(r.ok for r in results), "databases": databases})
        return
    shown = [r for r in results if r.output and (outputs or r.status == FOUND)]
    for text, group in alike(shown, "output"):
        output.answer(f"{_names(group)}:")
        for line in text.splitlines():
            output.answer(f"  {line}".rstrip())
    head, rows = ["database", "status", "result"], []
    for result in results:
        row = [result.alias, result.status, result.result]
        if moves:
            row.append("?" if result.at is None else ", ".join(result.at) or "-")
        rows.append([*row, f"{result.seconds:.2f} s"])
    head += ["at"] if moves else []
    output.table([*head, "time"], rows, right=(len(head),))
    told = alike([r for r in results if r.message], "message")
    for number, (message, group) in enumerate(told):
        if number == _TOLD:
            output.error(f"{len(told) - _TOLD} more errors; --json has all of them.")
            break
        output.error(f"{_names(group)}: {message}", group[0].hint)
    good = sum(result.ok for result in results)
    kinds = [
        f"{len(group)} {status}"
        for status, group in alike([r for r in results if not r.ok], "status")
    ]
    output.say(", ".join([f"{good} of {count(len(results), 'database')} ok", *kinds]) + ".")


def _names(results: Sequence[Result]) -> str:
    from ..several.aliases import some

    names = some(result.alias for result in results)
    return names if len(results) < 4 else f"{names} ({count(len(results), 'database')})"


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return text


@contextmanager
def progress(total: int) -> Iterator[Callable[[Result], None]]:
    """Show how many databases are done: a bar on a terminal, else lines with ``-v 2``."""
    from ._seed_progress import Pace, live_lines, progress_line

    if not sys.stderr.isatty() or output.verbosity() < 1:

        def tell(result: Result) -> None:
            output.say(f"{result.alias}: {result.result} ({result.seconds:.2f} s)", level=2)

        yield tell
        return
    pace = Pace(total)
    failed = 0
    pace.reached(0, time.monotonic())

    def line(width: int, height: int) -> list[str]:
        name = "databases" if not failed else f"databases, {failed} failed"
        return [progress_line(name, pace, time.monotonic(), width, unit="database")]

    def advance(result: Result) -> None:
        nonlocal failed
        failed += not result.ok
        pace.reached(pace.done + 1, time.monotonic())

    with live_lines(line):
        yield advance

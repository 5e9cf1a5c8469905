"""What came of a command on one of several databases, and on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

OK = "ok"
FOUND = "found"
"""The command did its work and says that something is to do, or wrong: it exits with 1."""
FAILED = "failed"
LOCKED = "locked"
INTERRUPTED = "interrupted"
NOT_BEGUN = "not begun"


@dataclass
class Result:
    """One database: what was done, where it is now, and what went wrong.

    ``done``: the revisions that were applied or undone. ``at``: where it is now, None where
    nobody asked. ``output``: what the command printed there, or its JSON.
    """

    alias: str
    status: str = NOT_BEGUN
    exit_code: int | None = None
    seconds: float = 0.0
    at: list[str] | None = None
    done: list[str] = field(default_factory=list)
    result: str = ""
    message: str | None = None
    hint: str | None = None
    output: Any = None

    @property
    def ok(self) -> bool:
        return self.status == OK

    def as_json(self) -> dict[str, Any]:
        found = asdict(self)
        return {"alias": found.pop("alias"), "ok": self.ok} | found


def exit_code(results: Sequence[Result]) -> int:
    """0 if all went well; the code that all failures have in common; else 1."""
    codes = {result.exit_code for result in results if not result.ok and result.exit_code}
    return (codes.pop() or 1) if len(codes) == 1 else int(any(not r.ok for r in results))


def alike(results: Iterable[Result], facts: str) -> list[tuple[Any, list[Result]]]:
    """The results in groups of equal ``facts``, the name of an attribute; in their order."""
    groups: dict[str, tuple[Any, list[Result]]] = {}
    for result in results:
        value = getattr(result, facts)
        groups.setdefault(repr(value), (value, []))[1].append(result)
    return list(groups.values())

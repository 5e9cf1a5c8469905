"""The way from where a database stands to a target; nothing here imports Alembic.

So a ``migrate`` that finds nothing to do is quick: it happens at every start of every
process of a deployed application.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import HistoryError, UsageError
from .history import History, Revision


@dataclass(frozen=True)
class Plan:
    """Revisions in the order in which they are applied, or undone."""

    target: str
    backwards: bool
    steps: tuple[Revision, ...]


class Planner:
    """Plans from where a database stands."""

    def __init__(self, history: History, current: tuple[str, ...]) -> None:
        self.history = history
        self.current = current
        unknown = [i for i in current if i not in history.by_id]
        if unknown:
            raise HistoryError(
                f"The database stands at {', '.join(unknown)}, and no revision file has that id. "
                "Usually the file is on another branch.",
                "Get the file and downgrade through it, or, if you know that the schema "
                "matches a revision here: manage.py migrate --fake REVISION",
            )
        self.applied = history.ancestors(current)

    def plan(self, target: str | None) -> Plan:
        if target in (None, "head"):
            head = self.history.single_head()
            return self._up(head) if head else Plan("base", False, ())
        assert target is not None
        if target == "heads":
            wanted = self.history.ancestors(self.history.heads)
            return Plan("heads", False, self._steps(wanted - self.applied))
        if target in ("zero", "base"):
            return self._down("base", set())
        if re.fullmatch(r"[+-]\d+", target):
            return self._relative(int(target))
        revision = self.history.resolve(target)
        if revision in self.applied:
            return self._down(revision, self.history.ancestors([revision]))
        return self._up(revision)

    def _steps(self, ids: set[str]) -> tuple[Revision, ...]:
        return tuple(r for r in self.history.revisions if r.id in ids)

    def _up(self, target: str) -> Plan:
        return Plan(target, False, self._steps(self.history.ancestors([target]) - self.applied))

    def _down(self, target: str, keep: set[str]) -> Plan:
        if target == "base":
            gone = self.applied - keep
        else:
            gone = {i for i in self.applied if target in self.history.ancestors([i])} - {target}
        return Plan(target, True, tuple(reversed(self._steps(gone))))

    def _relative(self, count: int) -> Plan:
        if count < 0:
            if len(self.current) > 1:
                raise UsageError(
                    f"'{count}' is unclear: the database stands at {' and '.join(self.current)}.",
                    "Name the revision to go back to.",
                )
            done = list(reversed(self._steps(self.applied)))
            if -count > len(done):
                raise UsageError(
                    f"Cannot go back {-count} revisions: {len(done)} are applied.",
                    "manage.py migrate zero undoes all.",
                )
            return self._down(done[-count].id if -count < len(done) else "base", set())
        head = self.history.single_head()
        steps = self._up(head).steps if head else ()
        if count > len(steps):
            raise UsageError(
                f"Cannot go forward {count} revisions: {len(steps)} are left to apply.",
                "manage.py migrate applies all.",
            )
        return self._up(steps[count - 1].id) if count else Plan("heads", False, ())


def make_plan(history: History, current: tuple[str, ...], target: str | None) -> Plan:
    """The way from ``current`` to ``target``: a name, ``zero``, ``-N``, ``+N``, None for the head.

    Raises UsageError for a target that does not exist, HistoryError when the database
    stands at a revision that has no file, or when there are several heads.
    """
    return Planner(history, current).plan(target)

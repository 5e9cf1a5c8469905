"""The way from a database's current revision to a target; nothing here imports Alembic.

So a ``migrate`` that finds nothing to do is quick: it happens at every start of every
process of a deployed application.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ... import advice
from ...errors import HistoryError, UsageError
from ...fitting import count as counted
from ...output import clean
from .branches import branch_heads, label_of
from .history import History, Revision


class NotHere(HistoryError):
    """The database is at revisions, ``ids``, that have no file here."""

    def __init__(self, ids: tuple[str, ...], found: str = "", hint: str | None = None) -> None:
        super().__init__(
            f"The database is at {clean(', '.join(ids))}, and no revision file has that id."
            f"{found or ' Usually the file is on another branch.'}",
            hint or f"{advice.LOOK_FOR_FILE} looks for it in git, and says what you can do.",
        )
        self.ids = ids


@dataclass(frozen=True)
class Plan:
    """Revisions in the order in which they are applied, or undone.

    ``exactly``: these and no others, rather than all between here and the target.
    ``to_head``: no target was named.
    """

    target: str
    backwards: bool
    steps: tuple[Revision, ...]
    exactly: bool = False
    to_head: bool = False

    def after(self, history: History, current: tuple[str, ...]) -> tuple[str, ...]:
        """Where a database that is at ``current`` is after it."""
        steps = {step.id for step in self.steps}
        applied = history.ancestors(current)
        applied = applied - steps if self.backwards else applied | steps
        built_on = {parent for i in applied for parent in history.by_id[i].down}
        return tuple(r.id for r in history.revisions if r.id in applied - built_on)


class Planner:
    """Plans from the current revision of a database."""

    def __init__(
        self, history: History, current: tuple[str, ...], order: Sequence[str] = ()
    ) -> None:
        self.history = history
        self.order = order
        self.current = current
        unknown = tuple(i for i in current if i not in history.by_id)
        if unknown:
            raise NotHere(unknown)
        self.applied = history.ancestors(current)

    def plan(self, target: str | None) -> Plan:
        if target in (None, "head"):
            heads = branch_heads(self.history)
            if len(heads) > 1:
                return replace(self._all_up(), to_head=True)
            up = [replace(self._up(head), to_head=True) for head in heads.values()]
            return up[0] if up else Plan("base", False, ())
        assert target is not None
        if target == "heads":
            return self._all_up()
        if target in ("zero", "base"):
            return self._down("base", set())
        if re.fullmatch(r"[+-]\d+", target):
            return self._relative(int(target))
        if "@" in target:
            return self._on_branch(*target.rsplit("@", 1))
        revision = self.history.resolve(target)
        if revision in self.applied:
            return self._down(revision, self.history.ancestors([revision]))
        return self._up(revision)

    def _on_branch(self, name: str, place: str) -> Plan:
        """``NAME@head``, ``@base``, ``@+N`` and ``@-N``: NAME is a label or a revision.

        The branch are that revision and what is built on it.
        """
        history, root = self.history, self.history.resolve(name)
        branch = {i for i in history.by_id if root in history.lineage(i)}
        if place in ("head", "heads"):
            return self._up(self._head_of(branch, name))
        if place == "base":
            gone = {i for i in self.applied if root in history.ancestors([i])}
            return Plan(f"{name}@base", True, tuple(reversed(self._steps(gone))), exactly=True)
        if not re.fullmatch(r"[+-]\d+", place):
            raise UsageError(
                f"'{name}@{place}': '{place}' is no place on a branch.",
                f"Write {name}@head, {name}@base, {name}@+1 or {name}@-1.",
            )
        count = int(place)
        if count > 0:
            line = history.lineage(self._head_of(branch, name))
            ways = [step.id for step in self._steps(line - self.applied)]
        else:
            ways = [step.id for step in reversed(self._steps(branch & self.applied))]
        if abs(count) > len(ways):
            raise UsageError(
                f"Cannot go {'forward' if count > 0 else 'back'} {_revisions(abs(count))} on "
                f"'{name}': {len(ways)} {'is' if len(ways) == 1 else 'are'} "
                f"{'left to apply' if count > 0 else 'applied'}.",
                advice.GO_ON_BRANCH(place=f"{name}@{'head' if count > 0 else 'base'}"),
            )
        if not count:
            return Plan("heads", False, ())
        if count > 0:
            return self._up(ways[count - 1])
        gone = {i for i in self.applied if set(ways[:-count]) & history.ancestors([i])}
        return Plan(f"{name}@{place}", True, tuple(reversed(self._steps(gone))), exactly=True)

    def _head_of(self, branch: set[str], name: str) -> str:
        built_on = {parent for i in branch for parent in self.history.by_id[i].down}
        heads = [r.id for r in self.history.revisions if r.id in branch - built_on]
        if len(heads) > 1:
            raise UsageError(
                f"'{name}' has {len(heads)} heads: {' and '.join(heads)}.",
                f"Name the one to go to, or all: {advice.GO_TO_ALL_HEADS}",
            )
        return heads[0]

    def _steps(self, ids: set[str]) -> tuple[Revision, ...]:
        return tuple(r for r in self.history.revisions if r.id in ids)

    def _all_up(self) -> Plan:
        wanted = self.history.ancestors(self.history.heads)
        return Plan("heads", False, self._steps(wanted - self.applied))

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
                return self._last(-count)
            done = list(reversed(self._steps(self.applied)))
            if not done:
                raise UsageError("There is nothing to undo: no revision is applied.")
            if -count > len(done):
                raise UsageError(
                    f"Cannot go back {_revisions(-count)}: {len(done)} "
                    f"{'is' if len(done) == 1 else 'are'} applied.",
                    f"{advice.GO_TO_ZERO} undoes all.",
                )
            target = done[-count].id if -count < len(done) else "base"
            return self._just(count, self._down(target, set()))
        heads = branch_heads(self.history)
        if len(heads) > 1:
            raise UsageError(
                f"'+{count}' is unclear: the history has {len(heads)} branches by design.",
                f"Name one: {advice.GO_ON_BRANCH(place=f'{next(iter(heads))}@+{count}')}",
            )
        steps = self._up(next(iter(heads.values()))).steps if heads else ()
        if count > len(steps):
            raise UsageError(
                f"Cannot go forward {_revisions(count)}: {len(steps)} "
                f"{'is' if len(steps) == 1 else 'are'} left to apply.",
                f"{advice.GO_TO_HEAD} applies all.",
            )
        if not count:
            return Plan("heads", False, ())
        return self._just(count, self._up(steps[count - 1].id))

    def _last(self, count: int) -> Plan:
        """The revisions that were applied last, of whatever branch, undone."""
        applied = [i for i in self.order if i in self.applied]
        gone = set(applied[-count:])
        needed = {parent for i in self.applied - gone for parent in self.history.by_id[i].parents}
        if set(applied) != self.applied or count > len(applied) or gone & needed:
            labels = [label_of(self.history, i) for i in self.current]
            branch = f"{next((label for label in labels if label), 'LABEL')}@-{count}"
            raise UsageError(
                f"'-{count}' is unclear: the database is at {' and '.join(self.current)}.",
                f"Go back on one branch: {advice.GO_BACK_ON_BRANCH(place=branch)}\n"
                f"Or to a revision by its name: {advice.GO_BACK_TO}\n"
                f"{advice.LIST_IN_ORDER} lists them.",
            )
        return Plan(f"-{count}", True, tuple(reversed(self._steps(gone))), exactly=True)

    def _just(self, count: int, plan: Plan) -> Plan:
        """``plan``, which has to have ``count`` steps: it has others where branches meet."""
        if len(plan.steps) != abs(count):
            raise UsageError(
                f"'{count:+d}' is unclear: there are several branches between here and there.",
                f"Name the revision to go to: {advice.LIST_IN_ORDER}",
            )
        return plan


def _revisions(count: int) -> str:
    return counted(count, "revision")


def make_plan(
    history: History, current: tuple[str, ...], target: str | None, order: Sequence[str] = ()
) -> Plan:
    """The way from ``current`` to ``target``: a name, ``zero``, ``-N``, ``+N``,
    ``LABEL@head`` and the like, None for the head. ``order``: the applied ones, oldest first,
    as far as that is known.

    Raises UsageError for a target that does not exist, HistoryError when the database
    is at a revision that has no file, or when there are several heads.
    """
    return Planner(history, current, order).plan(target)

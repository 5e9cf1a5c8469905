"""Heads merged into one revision: what each branch did, and whether they touch the same things."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from ...errors import MigrationError
from ..analysis.operations import OperationStep, described, steps_of
from ..foreign_env.harvest import harvested_env
from ..questions import Option, Question
from ..revisions.branches import to_merge
from ..revisions.describe import Change
from ..revisions.files import Draft, alembic_config, script_folder, template_arguments
from ..revisions.format import finish, finish_in_own_style, quoted, wrapped
from ..revisions.formatters import line_length
from ..revisions.git import added
from ..revisions.history import History, Revision
from ..revisions.locations import versions_folder
from ..revisions.naming import file_name, new_id

if TYPE_CHECKING:
    from ...project import Project

_SHOWN = 20
FLAG = "--merge-anyway"


@dataclass(frozen=True)
class Branch:
    """A head, with the revisions since the common ancestor and what each of them does."""

    head: str
    done: tuple[tuple[Revision, tuple[Change, ...]], ...]

    @property
    def revisions(self) -> tuple[Revision, ...]:
        return tuple(revision for revision, _ in self.done)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for _, changes in self.done for change in changes)


@dataclass(frozen=True)
class Conflict:
    """A thing that two revisions touch, neither of which knows of the other."""

    thing: str
    sides: tuple[tuple[str, Change], tuple[str, Change]]

    def __str__(self) -> str:
        return f"{self.thing}: " + "; ".join(f"{id}: {change.words}" for id, change in self.sides)


@dataclass(frozen=True)
class Merge:
    """Several heads, seen side by side; ``left`` are those that take a second merge."""

    heads: tuple[str, ...]
    ancestor: str | None
    branches: tuple[Branch, ...]
    conflicts: tuple[Conflict, ...]
    left: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The summary for people: each branch with its operations, then the conflicts."""
        since = f" since {self.ancestor}" if self.ancestor else ", which have no common ancestor"
        yield f"{len(self.heads)} heads{since}:"
        seen = set()
        for branch in self.branches:
            for revision, changes in branch.done:
                if revision in seen:
                    continue  # two of three heads may share it
                seen.add(revision)
                found = added(revision.path)
                yield f"  {revision.id}" + (f" ({found})" if found else "")
                yield from (f"    {line}" for line in _shown(changes) or ["(no operations)"])
            if not branch.done:
                yield f"  {branch.head}: comes before another branch, which depends on it"
        if self.conflicts:
            yield "More than one branch touches:"
            yield from (f"  {conflict}" for conflict in self.conflicts)
            yield "They may run in either order: check that each is correct whichever runs first."
        else:
            yield "No two branches touch the same thing."
        if self.left:
            yield (
                f"{' and '.join(self.left)}: still to be merged, by another makemigrations "
                "--merge; Alembic cannot merge it together with what depends on it."
            )

    def question(self) -> Question:
        """Whether to merge heads that touch the same things; asked if there are conflicts."""
        heads = " and ".join(self.heads)
        things = "\n".join(f"  {conflict}" for conflict in self.conflicts)
        return Question(
            "merge",
            heads,
            f"{heads} touch the same things:\n{things}\n"
            "They may run in either order. Is the result correct in both, so merge them?",
            (
                Option("yes", "yes, merge them", (FLAG,)),
                Option("no", "no, change them first", ("(no flag: nothing is written)",)),
            ),
            "no",
        )


def plan_merge(history: History) -> Merge | None:
    """The heads of ``history`` side by side; None unless there are several.

    The revision files are read, not run. Raises HistoryError when the history is broken.
    """
    history.require_sound()
    if len(to_merge(history)) < 2:
        return None
    heads, left = _together(history)
    below = {head: history.ancestors([head]) for head in heads}
    common = set.intersection(*below.values())
    shared = [r.id for r in history.revisions if r.id in common]
    wanted = set.union(*below.values()) - common
    steps = {r: steps_of(r) for r in history.revisions if r.id in wanted}
    branches = tuple(
        Branch(
            head,
            tuple((r, tuple(s.change for s in steps[r])) for r in steps if r.id in below[head]),
        )
        for head in heads
    )
    conflicts = tuple(dict.fromkeys(_conflicts(history, steps)))
    return Merge(heads, shared[-1] if shared else None, branches, conflicts, left)


def _together(history: History) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The heads that can be merged at once, and the others.

    The version table does not name a head that another depends on; where it names
    several others, Alembic fails when a merge also joins that one (KeyError).
    """
    every = to_merge(history)
    implied = {
        head
        for head in every
        for other in every
        if head != other and head in history.ancestors([other])
    }
    named = tuple(head for head in every if head not in implied)
    if len(named) > 1:
        return named, tuple(head for head in every if head in implied)
    return every, ()


def _conflicts(history: History, steps: dict[Revision, list[OperationStep]]) -> Iterator[Conflict]:
    for one, other in combinations(steps, 2):
        if one.id in history.ancestors([other.id]) or other.id in history.ancestors([one.id]):
            continue  # the later one was written with the earlier one known
        for mine in steps[one]:
            for theirs in steps[other]:
                for thing in sorted(mine.clashes(theirs)):
                    sides = ((one.id, mine.change), (other.id, theirs.change))
                    yield Conflict(described(thing), sides)


def draft_merge(
    project: Project, history: History, merge: Merge, name: str | None = None
) -> tuple[Draft, tuple[str, ...]]:
    """The revision, not written yet, that joins the heads of ``merge``, and notices for the user.

    It is named from the heads, or by ``name``, and its docstring says what it joins.
    Raises MigrationError when the project's template cannot be rendered.
    """
    slugs = [re.sub(r"^\d{4,}_(merge_)?", "", head) for head in merge.heads]
    kept, parts = project.migrations, [name or "_".join(["merge", *slugs])]
    revision = new_id(history, kept, parts)
    message = quoted("\n".join(_docstring(merge, line_length(project.settings.root))))
    with tempfile.TemporaryDirectory() as temporary:
        new = Path(temporary) / "versions"
        config = alembic_config(
            project,
            script_folder(project, Path(temporary)),
            versions=[*(revision.path.parent for revision in history.revisions), new],
        )
        try:
            ScriptDirectory.from_config(config).generate_revision(
                revision,
                message,
                head=merge.heads,
                version_path=new,
                config=config,
                upgrades="",
                downgrades="",
                imports="",
                **template_arguments(project),
            )
        except CommandError as error:
            raise MigrationError(str(error)) from error
        text = (new / f"{revision}.py").read_text(encoding="utf-8")
    notices: list[str] = []
    finishing = finish_in_own_style if harvested_env(project) else finish
    text = finishing(text, project.settings.root, notices)
    folder = versions_folder(project, (history.by_id[head] for head in merge.heads))
    return Draft(folder / file_name(kept, revision, parts), text, ()), tuple(notices)


def _docstring(merge: Merge, width: int) -> list[str]:
    title = f"Merge {' and '.join(merge.heads)}."
    lines = [title if len(title) + len('"""') <= width else f"Merge {len(merge.heads)} heads."]
    for branch in merge.branches:
        if branch.changes:
            lines += ["", f"{branch.head}:"]
            lines += (part for line in _shown(branch.changes) for part in wrapped(line, width))
    if merge.conflicts:
        things = dict.fromkeys(conflict.thing for conflict in merge.conflicts)
        listed = f"Touched by more than one branch: {', '.join(things)}."
        lines += ["", *wrapped(listed, width)]
    return [*lines, ""] if len(lines) > 1 else lines


def _shown(changes: tuple[Change, ...]) -> list[str]:
    more = [f"... and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
    return [*map(str, changes[:_SHOWN]), *more]

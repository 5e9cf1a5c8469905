"""The revisions of a history and what is wrong with them, and where a database is.

Alembic lets a second file with the same id silently take the place of the first. Such
faults are found before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ... import advice
from ...errors import DatabaseMissing, HistoryError, UsageError, did_you_mean
from ...once import once
from .revision_file import Revision as Revision
from .revision_file import revision_in as revision_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ...project import Project

# What Alembic's version table holds, unless a project made it wider.
ID_LENGTH = 32
_NUMBERED = re.compile(r"(\d{4,})_[a-z0-9_]+")
_ALEMBICS = re.compile(r"[^@+:\-'\\\x00-\x1f]+")
LEGAL = re.compile(r"\w[\w.]*", re.ASCII)
_RESERVED = ("head", "heads", "base", "current", "zero")


class History:
    """The revisions of a project, parents before children, and what is wrong with them.

    ``strict``: they are to be as the tool itself numbers and names them; else all is sound
    that Alembic can work with. ``meant``: the labels of branches that are to stay apart.
    """

    def __init__(
        self,
        revisions: Iterable[Revision],
        problems: Iterable[str] = (),
        *,
        strict: bool = True,
        meant: tuple[str, ...] = (),
    ) -> None:
        self.meant = meant
        self.by_id: dict[str, Revision] = {}
        self.problems = list(problems)
        self.duplicates: list[tuple[Revision, Revision]] = []
        self.strict = strict
        spelled: dict[str, Revision] = {}
        for revision in revisions:
            spelling = revision.id.lower() if strict else revision.id
            if other := spelled.get(spelling):
                if _same_file(other, revision):
                    continue
                self.problems.append(_duplicate(other, revision))
                self.duplicates.append((other, revision))
            spelled[spelling] = self.by_id[revision.id] = revision
        self._follow_labels()
        self._check_parents()
        self.revisions = self._ordered()
        self._check_ids()

    def __len__(self) -> int:
        return len(self.by_id)

    def require_sound(self) -> History:
        """This history; raises HistoryError that lists every problem."""
        if self.problems:
            raise HistoryError(
                "The migration history is broken; nothing was run:\n  "
                + "\n  ".join(self.problems),
                f"Fix these files, then: {advice.CHECK_HISTORY}",
            )
        return self

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The revisions that no other builds on."""
        built_on = {parent for r in self.by_id.values() for parent in r.down}
        return tuple(r.id for r in self.revisions if r.id not in built_on)

    def ancestors(self, ids: Iterable[str]) -> set[str]:
        """``ids`` and everything below them."""
        found: set[str] = set()
        todo = [i for i in ids if i in self.by_id]
        while todo:
            revision_id = todo.pop()
            if revision_id not in found:
                found.add(revision_id)
                todo.extend(p for p in self.by_id[revision_id].parents if p in self.by_id)
        return found

    def lineage(self, revision_id: str) -> set[str]:
        """The revision and all that it is built on, without what it only depends on."""
        found: set[str] = set()
        todo = [revision_id]
        while todo:
            if (i := todo.pop()) in self.by_id and i not in found:
                found.add(i)
                todo.extend(self.by_id[i].down)
        return found

    def resolve(self, name: str) -> str:
        """The id of a revision typed in full, as a unique beginning, a number, or its label.

        Raises UsageError for an unknown or ambiguous name.
        """
        if name in self.by_id:
            return name
        for revision in self.revisions:
            if name in revision.labels:
                return revision.id
        number = f"{int(name):04d}_" if re.fullmatch(r"[1-9]\d{0,2}", name) else name
        # What is no number here is the beginning of an id: 451 of 451aebb31d03, 2 of 0002_b.
        for wanted in (number, name) if any(map(is_numbered, self.by_id)) else (name,):
            found = [r.id for r in self.revisions if r.id.startswith(wanted)]
            if name.isdecimal():  # 3 is 003, and not 30
                same = [i for i in found or self.by_id if i.isdecimal() and int(i) == int(name)]
                found = same or found
            if found:
                break
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"'{name}' matches {len(found)} revisions: {', '.join(found)}.",
                "Type more of the name.",
            )
        raise UsageError(
            f"No revision '{name}'." + did_you_mean(name, [*self.by_id, *self.labels]),
            f"{advice.LIST_REVISIONS} lists them.",
        )

    def next_number(self) -> int:
        """The number of the next revision: one above the highest."""
        numbers = [int(m[1]) for i in self.by_id if (m := re.match(r"(\d{4,})_", i))]
        return max(numbers, default=len(self.by_id)) + 1

    def _follow_labels(self) -> None:
        """A revision may depend on a branch by its label: on the one that has the label."""
        if not self.labels:
            return
        owners = {label: r.id for r in self.by_id.values() for label in r.labels}
        for revision in self.by_id.values():
            depends_on = tuple(owners.get(i, i) for i in revision.depends_on)
            if depends_on != revision.depends_on:
                self.by_id[revision.id] = replace(revision, depends_on=depends_on)

    def _check_parents(self) -> None:
        for revision in self.by_id.values():
            for parent in revision.parents:
                if parent not in self.by_id:
                    self.problems.append(
                        f"{revision.path.name} builds on '{parent}', and no file has that id."
                        + did_you_mean(parent, self.by_id)
                    )

    @cached_property
    def labels(self) -> set[str]:
        """The labels of its branches."""
        return {label for r in self.by_id.values() for label in r.labels}

    def _ordered(self) -> list[Revision]:
        """Generation by generation, each in the order of the ids; time grows with the files."""
        ordered: list[Revision] = []
        missing = {i: {p for p in r.parents if p in self.by_id} for i, r in self.by_id.items()}
        children: dict[str, list[str]] = {}
        for revision_id, parents in missing.items():
            for parent in parents:
                children.setdefault(parent, []).append(revision_id)
        ready = sorted(i for i, parents in missing.items() if not parents)
        while ready:
            ordered += [self.by_id[i] for i in ready]
            following = set()
            for parent in ready:
                for child in children.get(parent, ()):
                    missing[child].discard(parent)
                    if not missing[child]:
                        following.add(child)
            ready = sorted(following)
        if len(ordered) < len(self.by_id):
            placed = {r.id for r in ordered}
            waiting = sorted(self.by_id.keys() - placed)
            names = ", ".join(waiting)
            self.problems.append(f"these revisions build on each other in a circle: {names}.")
            ordered += [self.by_id[i] for i in waiting]
        return ordered

    def _check_ids(self) -> None:
        for revision in self.revisions:
            name = revision.path.name
            legal = LEGAL if self.strict else _ALEMBICS
            if not legal.fullmatch(revision.id) or revision.id in _RESERVED:
                self.problems.append(
                    f"{name}: '{revision.id}' is not a valid revision id "
                    "(letters, digits, '_' and '.'; not head, heads, base, current or zero)."
                )
            if not self.strict:
                continue
            numbered = _NUMBERED.fullmatch(revision.id)
            if numbered and revision.path.stem != revision.id:
                self.problems.append(f"{name}: the file should be named {revision.id}.py.")
            for parent in revision.down:
                below = _NUMBERED.fullmatch(parent)
                if numbered and below and int(numbered[1]) <= int(below[1]):
                    self.problems.append(f"{name}: is numbered no higher than its parent {parent}.")


def _same_file(first: Revision, second: Revision) -> bool:
    """Whether a file was found twice, in two locations; Alembic passes over the second."""
    with suppress(OSError):
        return first.path.samefile(second.path)
    return False


def _duplicate(first: Revision, second: Revision) -> str:
    files = f"{first.path} and {second.path}"
    if first.id != second.id:
        return (
            f"two revision ids differ only in upper and lower case, '{first.id}' and "
            f"'{second.id}': {files}. For MariaDB, and for many disks, they are the same."
        )
    problem = f"two files have the revision id '{first.id}': {files}."
    with suppress(OSError):
        if first.path.read_bytes() == second.path.read_bytes():
            problem += " They are identical: delete the copy."
    return problem


@once
def read_history(*folders: Path, strict: bool = True, meant: tuple[str, ...] = ()) -> History:
    """The history in ``folders`` (usually one, ``migrations/versions``); empty if there is none.

    ``strict`` and ``meant`` are those of :class:`History`.
    """
    revisions: list[Revision] = []
    problems: list[str] = []
    for folder in folders:
        for path in sorted(folder.glob("*.py"), key=lambda p: p.name) if folder.is_dir() else ():
            if path.name.startswith(("__init__", ".#")):
                continue
            try:
                revision = revision_in(path.read_text(encoding="utf-8"), path, run=True)
            except (SyntaxError, UnicodeDecodeError, ValueError) as error:
                problems.append(f"{path}: cannot be read: {error}")
                continue
            if revision is not None:
                revisions.append(revision)
    return History(revisions, problems, strict=strict, meant=meant)


def is_numbered(revision_id: str) -> bool:
    """Whether an id says what the revision does, as those that the tool writes do."""
    return _NUMBERED.fullmatch(revision_id) is not None


def current_heads(connection: Connection) -> tuple[str, ...]:
    """The revisions that the database's version table names; empty without that table."""
    import sqlalchemy as sa

    from ...databases.bookkeeping import bookkeeping_of

    name, schema, _ = bookkeeping_of(connection)
    if not sa.inspect(connection).has_table(name, schema):
        return ()
    table = sa.table(name, sa.column("version_num"), schema=schema)
    return tuple(connection.scalars(sa.select(table.c.version_num)))


def project_heads(project: Project) -> tuple[str, ...]:
    """The revisions that the project's database is at; empty also when there is no database."""
    try:
        with project.connect() as connection:
            return current_heads(connection)
    except DatabaseMissing:
        return ()


def schemas_in(history: History) -> set[str]:
    """The schemas that operations of the revisions name; a model may be there no longer."""
    found = (re.findall(r"schema=[\"'](\w+)[\"']", r.source) for r in history.revisions)
    return {name for names in found for name in names}

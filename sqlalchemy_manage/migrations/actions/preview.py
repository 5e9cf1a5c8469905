"""What a plan would do: its operations, their rows, what is lost, what cannot be undone.

The revision files are read and not run, and the database is only asked for counts. A count
is of now: rows that an earlier revision of the same plan adds or moves are not foreseen,
its renames, new tables and new columns are.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import DatabaseMissing
from ..analysis.counts import CountedDrop, StoredTables
from ..analysis.destructive import Reader
from ..analysis.operations import OperationStep
from ..analysis.reversible import why_not_undone
from ..questions import many
from ..revisions.plan import Plan

if TYPE_CHECKING:
    from ...project import Project

_SQL = re.compile(
    r"\s*(?:CREATE|DROP|ALTER|INSERT|UPDATE|DELETE|TRUNCATE|SELECT|WITH|GRANT|REVOKE|COMMENT|SET"
    r"|DO|CALL|REINDEX|REFRESH|MERGE|REPLACE|RENAME|PRAGMA|ANALYZE|VACUUM)\s+\S",
    re.IGNORECASE,
)
_SHOWN = 10


@dataclass(frozen=True)
class Preview:
    """One revision of a plan, before it is run.

    ``rows``: how many each table has now that the revision touches, of those that are
    there. ``irreversible``: why a downgrade does not undo the revision; None if it does.
    ``origin``: where a file was found that is not here; ``file`` is then None.
    ``stopped_by``: rows of now that a constraint of the revision does not allow.
    """

    id: str
    doc: str
    direction: str
    file: str | None
    operations: tuple[str, ...]
    rows: dict[str, int | None] = field(default_factory=dict)
    destroys: tuple[CountedDrop, ...] = ()
    irreversible: str | None = None
    origin: str | None = None
    stopped_by: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The revision in one line."""
        verb = "apply" if self.direction == "upgrade" else "undo "
        return f"{verb}  {self.id}  {self.doc}"

    def details(self) -> Iterator[str]:
        """The rest, for people."""
        if self.origin:
            yield f"found: {self.origin}"
        yield from self.operations or ("(no operations found in the file)",)
        if self.rows:
            counts = (f"{table} {many(n, 'row')}" for table, n in self.rows.items())
            yield f"rows: {', '.join(counts)}"
        yield from (f"destructive: {loss.sentence}" for loss in self.destroys)
        yield from (f"stops: {rows}" for rows in self.stopped_by)
        if self.irreversible:
            yield f"cannot be undone: {self.irreversible}"

    def as_json(self) -> dict[str, Any]:
        """Its fields by name, as ``migrate --plan --json`` documents them."""
        return asdict(self)


def previews(
    project: Project,
    plans: Iterable[Plan],
    origin: Callable[[str], str | None] = lambda revision_id: None,
) -> list[Preview]:
    """Every step of ``plans``, which follow one another; nothing is written or run.

    ``origin`` says where the file of a revision that is not here was found.
    """
    try:
        with project.connect() as connection:
            reader = Reader(StoredTables(connection), looks_at_rows=True)
            return list(_previews(plans, origin, reader))
    except DatabaseMissing:
        return list(_previews(plans, origin, Reader(StoredTables(None))))


def _previews(
    plans: Iterable[Plan], origin: Callable[[str], str | None], reader: Reader
) -> Iterator[Preview]:
    for plan in plans:
        direction = "downgrade" if plan.backwards else "upgrade"
        for revision in plan.steps:
            effects = reader.read(revision.path, direction)
            losses = [
                loss for drop in effects.drops for loss in reader.stored.losses(drop, drop.named)
            ]
            certain = {(loss.kind, loss.name) for loss in losses if loss.certain}
            yield Preview(
                revision.id,
                revision.doc,
                direction,
                None if (found := origin(revision.id)) else str(revision.path),
                tuple(line for step in effects.steps for line in _words(step)),
                {named: reader.stored.rows(table) for named, table in effects.tables.items()},
                tuple(
                    dict.fromkeys(x for x in losses if x.certain or (x.kind, x.name) not in certain)
                ),
                why_not_undone(revision),
                found,
                tuple(f"{rows} ({rows.rule})" for rows in effects.violating),
            )


def _words(step: OperationStep) -> list[str]:
    """The operation, or the statements that are put together while running."""
    if step.composed:
        found = [textwrap.shorten(s, 60, placeholder=" ...") for s in step.sql if _SQL.match(s)]
        if 0 < len(found) <= _SHOWN:
            return [f"~ run SQL: {statement}" for statement in found]
    return [str(step.change)]

"""What a plan would do: its operations, the rows they concern, what goes, what stays undone.

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
from ..revisions.opcalls import OperationCall, Part, Source
from ..revisions.plan import Plan
from ..revisions.reversal import why_not_undone
from ..revisions.steps import Step, written_steps
from .tables_ahead import Loss, Tables, many

if TYPE_CHECKING:
    from ...project import Project

_NAME = r"([\w.$\"`\[\]]+)"
_TOUCHES = re.compile(
    rf"\b(?:(DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?)|UPDATE"
    rf"|INSERT\s+INTO|ALTER\s+TABLE(?:\s+IF\s+EXISTS)?)\s+(?:ONLY\s+)?{_NAME}",
    re.IGNORECASE,
)
_DROPS_COLUMN = re.compile(
    rf"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAME}\s.*?\bDROP\s+(?:COLUMN\s+)?"
    r"(?!CONSTRAINT\b|INDEX\b|KEY\b|PRIMARY\b|FOREIGN\b|CHECK\b|DEFAULT\b|NOT\b|EXPRESSION\b"
    rf"|IDENTITY\b|PARTITION\b)(?:IF\s+EXISTS\s+)?{_NAME}",
    re.IGNORECASE | re.DOTALL,
)
_SQL = re.compile(
    r"\s*(?:CREATE|DROP|ALTER|INSERT|UPDATE|DELETE|TRUNCATE|SELECT|WITH|GRANT|REVOKE|COMMENT|SET"
    r"|DO|CALL|REINDEX|REFRESH|MERGE|REPLACE|RENAME|PRAGMA|ANALYZE|VACUUM)\s+\S",
    re.IGNORECASE,
)
_SHOWN = 10
# What a function or a trigger does, it does later.
_STORED = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+)*?(?:FUNCTION|TRIGGER|VIEW|PROCEDURE|RULE|EVENT)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Preview:
    """One revision of a plan, before it is run.

    ``rows``: how many each table has now that the revision touches, of those that are
    there. ``irreversible``: why a downgrade does not undo the revision; None if it does.
    ``origin``: where a file was found that is not here, and of which ``file`` is None.
    """

    id: str
    doc: str
    direction: str
    file: str | None
    operations: tuple[str, ...]
    rows: dict[str, int | None] = field(default_factory=dict)
    destroys: tuple[Loss, ...] = ()
    irreversible: str | None = None
    origin: str | None = None

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
        yield from (f"destructive: {loss}" for loss in self.destroys)
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

    ``origin`` tells, of a revision whose file is not here, where it was found.
    """
    try:
        with project.connect() as connection:
            return list(_previews(plans, origin, Tables(connection)))
    except DatabaseMissing:
        return list(_previews(plans, origin, Tables(None)))


def _previews(
    plans: Iterable[Plan], origin: Callable[[str], str | None], tables: Tables
) -> Iterator[Preview]:
    for plan in plans:
        direction = "downgrade" if plan.backwards else "upgrade"
        for revision in plan.steps:
            rows: dict[str, int | None] = {}
            losses: list[Loss] = []
            steps = written_steps(revision, direction, tables.dialect)
            for step in steps:
                for name in dict.fromkeys(_touched(step)):
                    if tables.real(name) is not None:
                        rows[name] = tables.rows(name)
                losses += _losses(step, tables)
                if step.call is not None:
                    tables.follow(step.call)
            yield Preview(
                revision.id,
                revision.doc,
                direction,
                None if (found := origin(revision.id)) else str(revision.path),
                tuple(line for step in steps for line in _words(step)),
                rows,
                tuple(dict.fromkeys(losses)),
                why_not_undone(revision),
                found,
            )


def _words(step: Step) -> list[str]:
    """The operation, or the statements that are put together while running."""
    if step.call is None and step.change.words.endswith("(...)"):
        found = [textwrap.shorten(s, 60, placeholder=" ...") for s in step.sql if _SQL.match(s)]
        if 0 < len(found) <= _SHOWN:
            return [f"~ run SQL: {statement}" for statement in found]
    return [str(step.change)]


def _touched(step: Step) -> Iterator[str]:
    if step.call is not None and step.call.table:
        yield step.call.table
    for statement in _run(step):
        for match in _TOUCHES.finditer(statement):
            yield _plain(match[2])


def _losses(step: Step, tables: Tables) -> Iterator[Loss]:
    call = step.call
    if call is not None:
        name = call.names[0]
        if call.verb == "drop_table":
            yield from tables.loss_of_table(call.table)
        elif call.verb == "drop_column" or (call.verb == "alter_computed" and _was_plain(call)):
            yield from tables.loss_of_column(call.table, name)
    for statement in _run(step):
        for verb, name in _TOUCHES.findall(statement):
            if verb.upper().startswith("DROP"):
                yield from tables.loss_of_table(_plain(name))
            elif verb and tables.real(_plain(name)) is not None:
                yield Loss("rows", _plain(name), tables.rows(_plain(name)))
        for table, column in _DROPS_COLUMN.findall(statement):
            yield from tables.loss_of_column(_plain(table), _plain(column))


def _was_plain(call: OperationCall) -> bool:
    existing = call.values.get("existing")
    return isinstance(existing, Part) and not any(
        isinstance(argument, Source) and "Computed" in argument.text
        for argument in existing.arguments
    )


def _run(step: Step) -> Iterator[str]:
    return (statement for statement in step.sql if not _STORED.match(statement))


def _plain(name: str) -> str:
    return re.sub(r"[\"`\[\]]", "", name).rstrip(".")

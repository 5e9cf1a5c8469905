"""Losses of rows and links: what a revision declares, and the error if it does not.

In a revision file::

    expected_loss = {"employee": "all"}                 # rows, links and columns of the table
    expected_loss = {"employee": 37}                    # at most so many rows
    expected_loss = {"employee.department_id": "all"}   # this column: its links, or its values
    expected_loss_downgrade = {"role": 3}               # the same for downgrade()
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .... import advice
from ....errors import MigrationError, Recorded, UsageError, did_you_mean
from ....output import clean
from ...questions import quoted, split_name
from ...revisions.expected_loss import ATTRIBUTE, _literally
from ...runner.revision_runner import RevisionStep

Declared = Mapping[str, "str | int"]


@dataclass(frozen=True)
class Loss:
    """Rows of a table, or the values of its columns.

    ``names``: what it may be declared by, the best first: (schema), table, (column).
    ``count`` is None where it is only known that something changed.
    """

    names: tuple[tuple[str, ...], ...]
    what: str
    count: int | None
    of: int | None = None
    examples: tuple[str, ...] = ()
    column: bool = False

    def __str__(self) -> str:
        where = ".".join(self.names[0])
        number = "some" if self.count is None else f"{self.count:,}"
        of = f" of {self.of:,}" if self.of is not None else ""
        text = f"  {where}: {number}{of} {self.what}"
        if self.examples:
            more = ", ..." if self.count is None or self.count > len(self.examples) else ""
            text += f": {'; '.join(self.examples)}{more}"
        return clean(text)

    def allowed(self, declared: Declared) -> bool:
        for name in self.names:
            limit = declared.get(".".join(name))
            if limit == "all" or (self.column and declared.get(".".join(name[:-1])) == "all"):
                return True
            if isinstance(limit, int) and self.count is not None and self.count <= limit:
                return True
        return False


def attribute_of(step: RevisionStep) -> str:
    """What a revision declares its losses with, in the direction that it is run."""
    return ATTRIBUTE if step.verb == "upgrade" else f"{ATTRIBUTE}_downgrade"


def declared(step: RevisionStep, allowed: Iterable[str]) -> dict[str, str | int]:
    """What a revision declares for its direction, and what the flags allow.

    Raises MigrationError for a declaration that is not well formed.
    """
    attribute = attribute_of(step)
    found = getattr(step.module, attribute, None) or {}
    well = isinstance(found, Mapping) and all(
        isinstance(name, str)
        and (limit == "all" or (isinstance(limit, int) and not isinstance(limit, bool)))
        for name, limit in found.items()
    )
    if not well:
        raise MigrationError(
            f'{step.name}: {attribute} must be a dict such as {{"employee": "all"}} or '
            f'{{"employee": 37, "employee.department_id": "all"}}, not {found!r}.'
        )
    return {".".join(split_name(name)): limit for name, limit in found.items()} | {
        name: "all" for name in allowed
    }


def allowed_names(flags: Iterable[str]) -> tuple[str, ...]:
    """``--allow-loss`` as names; raises UsageError for an invalid one."""
    names = []
    for text in flags:
        parts = split_name(text)
        if len(parts) > 3:
            raise UsageError(f"--allow-loss {text}: write TABLE or TABLE.COLUMN.")
        names.append(".".join(parts))
    return tuple(names)


def lost(
    step: RevisionStep,
    losses: Collection[Loss],
    unknown: Collection[str],
    *,
    recorded: bool,
    ddl: bool,
) -> MigrationError:
    """The error for losses that nobody declared.

    ``unknown``: names of no table, whose loss is declared.
    ``recorded``: they are committed, and the revision is. ``ddl``: a statement of it was
    committed, though the losses are not; both on MariaDB and MySQL only.
    """
    lines = "\n".join([*map(str, losses), *_misspelt(losses, unknown)])
    attribute = attribute_of(step)
    entries = ", ".join(f"{_literally(_name(loss))}: " + '"all"' for loss in losses)
    flags = [word for loss in losses for word in ("--allow-loss", _name(loss))]
    intended = (
        f"declare the loss if it is intended: {attribute} = {{{entries}}}\n"
        f"Or allow it once: {advice.ALLOW_LOSS(flags=flags)}"
    )
    if recorded:
        below = getattr(step.module, "down_revision", None)
        back = "To get the rows back, restore a backup."
        if step.verb == "upgrade" and not isinstance(below, tuple):
            back = (
                f"{advice.UNDO_LOSS(below=below or 'zero')} undoes its schema changes; to get the "
                "rows back, restore a backup."
            )
        return Recorded(
            f"{step.name} lost rows or links without declaring it:\n{lines}\n"
            "MariaDB and MySQL commit every DDL statement at once: the loss is in the database, "
            f"and {step.name} is recorded as done. The run stopped after it.",
            f"{back} To continue as it is: {advice.CONTINUE_WITH_LOSS}\n"
            f"In the revision, {intended}",
        )
    state = f"It was rolled back: the database is as it was before {step.name}."
    if ddl:
        state = (
            "The loss was rolled back. MariaDB and MySQL commit every DDL statement at once: its "
            f"schema changes are in the database, though {step.name} is not recorded."
        )
    return MigrationError(
        f"{step.name} loses rows or links without declaring it:\n{lines}\n{state}",
        f"Fix the revision, or {intended}",
    )


def _misspelt(losses: Collection[Loss], unknown: Collection[str]) -> Iterator[str]:
    """The unknown names that are similar to what was lost."""
    names = [".".join(name) for loss in losses for name in loss.names]
    for name in unknown:
        if meant := did_you_mean(name, names):
            yield clean(f"  A loss of '{name}' is declared, but there is no such table.{meant}")


def _name(loss: Loss) -> str:
    return quoted(*loss.names[0])

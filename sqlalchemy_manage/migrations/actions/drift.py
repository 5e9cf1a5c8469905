"""Drift: what the real database has that its history did not make, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..revisions.locations import project_history
from ..schema.contents import Contents, Thing, read_contents
from .new_database import makes_all
from .scratch import replayed
from .scratch_models import made_from_models

if TYPE_CHECKING:
    from ...project import Project

# The kinds that SQLite, standing for MariaDB, makes as MariaDB does.
_ANYWHERE = ("table", "column")
_LONG = 60


@dataclass(frozen=True)
class Difference:
    """Seen from the database: ``+`` it has, ``-`` is missing, ``~`` it has differently."""

    symbol: str
    words: str

    def __str__(self) -> str:
        return f"{self.symbol} {self.words}"


@dataclass(frozen=True)
class Drift:
    """The differences; ``note`` says what was not compared, if anything.

    ``maker``: whose database it was compared with.
    """

    differences: tuple[Difference, ...]
    note: str | None = None
    maker: str = "the revisions"


def find_drift(project: Project) -> Drift:
    """Compare the project's database with its own history, replayed; the models do not count.

    Where a new database is made from the models, with what it would be: there the revisions
    say only how an older database follows, and many of them cannot be replayed.
    The default schema and those that the history uses are compared, without Alembic's
    version table, the tool's own tables and those that are left to other programs. The
    database is only read, and should be at the head. Raises MigrationError for a history
    that cannot be replayed.
    """
    history, of_models = project_history(project), makes_all(project)
    maker = 'what NEW_DATABASE = "create_all" makes' if of_models else "the revisions"
    with (
        made_from_models(project, history) if of_models else replayed(project, history) as scratch,
        scratch.connect() as connection,
    ):
        made = read_contents(connection)
    with project.connect() as connection:
        real = read_contents(connection, {None, *(thing.schema for thing in made)})
    real, made = _ours(project, real), _ours(project, made)
    if not scratch.refused:
        return Drift(tuple(differences(real, made, maker)), maker=maker)
    return Drift(
        tuple(differences(_names(real), _names(made), maker)),
        "only the names of tables and columns were compared, because the other side was made "
        f"in {scratch.where}: {scratch.refused}",
        maker,
    )


def _ours(project: Project, contents: Contents) -> Contents:
    """Without the tables that are left to other programs, and what belongs to them."""
    return {
        thing: properties
        for thing, properties in contents.items()
        if not project.leaves_alone(thing.schema, thing.table or thing.name)
    }


def _names(contents: Contents) -> Contents:
    return {thing: {} for thing in contents if thing.kind in _ANYWHERE}


def differences(
    real: Contents, made: Contents, maker: str = "the revisions"
) -> Iterator[Difference]:
    """How ``real`` differs from what ``maker`` made; for a whole table, only the table."""
    for thing in sorted(real.keys() | made.keys(), key=_place):
        table = thing._replace(kind="table", table="", name=thing.table)
        if thing not in made:
            if not thing.table or table in made:
                yield Difference("+", f"has {_with(thing, real[thing])}")
        elif thing not in real:
            if not thing.table or table in real:
                yield Difference("-", f"lacks {_with(thing, made[thing])}")
        else:
            for name, words in _changed(real[thing], made[thing], maker):
                yield Difference("~", f"{thing}: {name} {words}")


def _place(thing: Thing) -> tuple[str, str, bool, str, str]:
    """Tables by name, each followed by what is in it."""
    table = thing.table or thing.name
    return thing.schema or "", table, bool(thing.table), thing.kind, thing.name


def _with(thing: Thing, properties: dict[str, str]) -> str:
    """A part of a table with its definition, where that is short and not its name already."""
    text = properties.get("type") or properties.get("definition", "")
    if not thing.table or not text or len(text) > _LONG or text == thing.name:
        return str(thing)
    return f"{thing}: {text}"


def _changed(real: dict[str, str], made: dict[str, str], maker: str) -> Iterator[tuple[str, str]]:
    """The properties that differ, each with what it is and what ``maker`` makes of it."""
    for name in sorted(real.keys() | made.keys()):
        there, here = real.get(name, ""), made.get(name, "")
        if there != here:
            long = len(there) > _LONG or len(here) > _LONG
            words = f"{there or 'none'}, by {maker} {here or 'none'}"
            yield name, f"differs from {maker}" if long else words

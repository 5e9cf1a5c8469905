"""The rows of a Reference: found by their key and given what they lack, or made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import MANYTOONE

from ...conf import raised
from ...errors import ManageError, SeedError
from ..factories import mapped_factories
from ..factory_boy_internals import (
    call_hook,
    created,
    declarations_of,
    declared_names,
    model_of,
)
from ..generating.numbering import Counters
from ..generating.objects import ObjectMaker
from ..generating.sessions import SeedSessions
from ..profiles import Reference
from ..row_blocks import WrittenKeys
from ..undoing.accounts import Accounts
from ..writers.refusals import refused
from .declared_before import digest_of, same
from .declared_names import DeclaredRow, declared_row, linked_model
from .linked_rows import set_many, set_pairs
from .named_rows import NamedRows
from .natural_keys import NaturalKeys, by_attribute, find, one_of, shown
from .stored_values import as_declared, give


def natural_keys(references: Iterable[Reference]) -> NaturalKeys:
    """The keys that References declare, by model; of several the first."""
    found: dict[type, tuple[str, ...]] = {}
    for each in references:
        names = by_attribute(each.factory, dict.fromkeys(each.key))
        found.setdefault(model_of(each.factory), tuple(names))
    return found


@dataclass(frozen=True)
class ReferenceResult:
    """``keys`` of the rows that were missing; ``changed``: how many others were given new values.

    ``declared``: row -> a hash of what cannot be read back from it, as it is declared now.
    """

    keys: WrittenKeys
    changed: int
    declared: dict[str, str]


def seed_reference(
    connection: sa.Connection,
    reference: Reference,
    counters: Counters,
    tables: Sequence[sa.Table],
    accounts: Accounts,
    sessions: SeedSessions,
    keys: NaturalKeys,
    before: Mapping[str, str],
) -> ReferenceResult:
    """Make the rows that are missing, and give others the declared values.

    ``keys``: the natural keys that the References of the same profile declare. ``before``:
    what the results of earlier runs had in ``declared``.
    """
    rows = _ReferenceRows(reference, tables, accounts, keys, before)
    count = len(reference.rows)
    maker = ObjectMaker(
        connection, reference.factory, count, rows.settle, counters, tables, accounts, sessions
    )
    return ReferenceResult(maker.make(), len(rows.changed), rows.declared)


class _RowError(SeedError):
    """It names the row that it is about."""


@dataclass
class _ReferenceRows:
    """``settled``: number -> row; ``taken``: the ids of these rows; ``waiting``: the numbers of
    those that are being made."""

    reference: Reference
    tables: Sequence[sa.Table]
    accounts: Accounts
    keys: NaturalKeys
    before: Mapping[str, str] = field(default_factory=dict)
    session: Session | None = None
    settled: dict[int, Any] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    waiting: list[int] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    declared: dict[str, str] = field(default_factory=dict)

    @cached_property
    def owner(self) -> Any:
        return self.reference.factory

    @cached_property
    def model(self) -> type:
        found: type = model_of(self.owner)
        return found

    @cached_property
    def rows(self) -> NamedRows:
        """The rows that these name."""
        return NamedRows(self.owner, self.keys)

    def settle(self, number: int, session: Session) -> Any:
        """The row of that number, as declared; before it the rows of this Reference that it
        names."""
        self.session = session
        if number == 0 and not self.waiting:  # perhaps once more, to see which was refused
            self.settled, self.taken, self.waiting = {}, set(), []
            self.changed, self.declared = set(), {}
        if number in self.settled:
            return self.settled[number]
        with self._explained(number):
            declared = declared_row(self.owner, self.reference.rows[number])
            key = self._key(number)
            row = one_of(find(session, self.model, key, self.keys), self.model, key)
            if row is None:
                self._make(session, number, declared)
                return self.settled[number]
            if id(row) in self.taken:
                raise SeedError("another row of the Reference is the same row of the database.")
            self._settled(number, row)
            changed, unread = self._change(session, declared, row)
            changed |= self._link(session, declared, row)
            if self._declared_anew(number, unread):
                self._apply(session, row, unread)
                changed = True
            if changed:
                self.changed.add(number)
        return row

    def _settled(self, number: int, row: Any) -> None:
        self.settled[number] = row
        self.taken.add(id(row))

    def _key(self, number: int) -> dict[str, Any]:
        values = self.reference.rows[number]
        return by_attribute(self.owner, {name: values[name] for name in self.reference.key})

    @contextmanager
    def _explained(self, number: int) -> Iterator[None]:
        """Errors say which row it is. Raises SeedError for rows that need each other."""
        if number in self.waiting:
            raise SeedError(
                "the row and another name each other.",
                "Give one of the two links in a second Reference, after the first.",
            )
        self.waiting.append(number)
        about = f"{self.owner.__name__}, the row with {shown(self._key(number))}: "
        try:
            yield
        except _RowError:
            raise
        except StatementError as error:
            names = {model_of(f): f.__name__ for f in [*mapped_factories(), self.owner]}
            rows = [self.settled[number]] if number in self.settled else []
            told = refused(error, rows, names, self.tables)
            raise _RowError(about + told.message, told.hint) from error
        except ManageError as error:
            fate = "" if "othing was written" in error.message else " Nothing was written."
            raise _RowError(about + error.message + fate, error.hint) from error
        except Exception as error:
            raise _RowError(f"{about}{raised(error)}. Nothing was written.") from error
        finally:
            self.waiting.pop()

    def _make(self, session: Session, number: int, declared: DeclaredRow) -> None:
        given = dict(declared.arguments)
        for name, value in self.rows.values(declared).items():
            given[declared.names[name]] = value
        for name, value in declared.one.items():
            given[declared.names[name]] = self.rows.named(session, name, value, self._later)
        for name, values in declared.nested.items():
            given |= self.rows.nested_for_new(session, name, values)
        known = declared_names(self.owner)
        for name, values in declared.many.items():
            if declared.names[name] in known:
                # They are linked afterwards; a hook that makes what is missing makes it here.
                makes = self._left_to_hook(session, declared, name)
                given[declared.names[name]] = values if makes else []
        self._settled(number, created(self.owner, given))
        session.flush()
        if self.settled[number] not in find(session, self.model, self._key(number), self.keys):
            raise SeedError(
                "the database holds another key than the declared one, so that a second run "
                "would not find the row.",
                "Declare the key as it is stored.",
            )
        row = self.settled[number]
        self._declared_anew(number, self._change(session, declared, row)[1])
        self._link(session, declared, row)

    def _left_to_hook(self, session: Session, declared: DeclaredRow, name: str) -> bool:
        """Whether a hook of the factory gets natural keys that nothing has yet."""
        after = declarations_of(self.owner, {})[1]
        model = linked_model(self.rows.mapper, name)
        if declared.names[name] not in after or model is None:
            return False
        return any(self.rows.find(session, model, each) is None for each in _list(declared, name))

    def _change(
        self, session: Session, declared: DeclaredRow, row: Any
    ) -> tuple[bool, dict[str, Any]]:
        """Whether values and links to one were others, and what cannot be read back."""
        values = self.rows.values(declared)
        changed, unsteady = give(session, self.accounts, row, values)
        after = declarations_of(self.owner, {})[1]
        unread = {name: value for name, value in declared.arguments.items() if name in after}
        unread |= {name: values[name] for name in unsteady}
        links = {
            name: self.rows.named(session, name, value, self._later)
            for name, value in declared.one.items()
        }
        for name, values in declared.nested.items():
            now = getattr(row, name)
            if self.rows.mapper.relationships[name].direction is not MANYTOONE and now is not None:
                changed |= self._change_own(session, now, values)
            elif now is None or not self.rows.has(session, now, name, values):
                links[name] = self.rows.there(session, name, values) or self.rows.new(
                    session, name, values
                )
        for name, other in links.items():
            if getattr(row, name) is not other:
                setattr(row, name, other)
                session.flush()
                changed = True
        return changed, unread

    def _declared_anew(self, number: int, unread: Mapping[str, Any]) -> bool:
        """Whether values that cannot be read back are others than at the last run."""
        digest = digest_of(unread) if unread else None
        if digest is None:
            return False
        label = json.dumps([str(self.rows.mapper.local_table), self._key(number)], default=str)
        known = self.before.get(label)
        if known is not None and same(unread, known):
            return False
        self.declared[label] = digest
        return known is not None

    def _apply(self, session: Session, row: Any, unread: Mapping[str, Any]) -> None:
        after = declarations_of(self.owner, {})[1]
        for name, value in unread.items():
            if name in after:
                call_hook(self.owner, name, row, value)
            else:
                setattr(row, name, value)
        session.flush()

    def _change_own(self, session: Session, row: Any, values: Mapping[str, Any]) -> bool:
        """The values of a row that belongs to the one declared, as a profile to a user."""
        columns = sa.inspect(row).mapper.columns
        wanted = {
            name: as_declared(columns[name].type, value) if name in columns else value
            for name, value in values.items()
        }
        return give(session, self.accounts, row, wanted)[0]

    def _link(self, session: Session, declared: DeclaredRow, row: Any) -> bool:
        """Give the row the links to many; whether there were others."""
        changed = False
        for name in declared.many:
            if isinstance(declared.many[name], Mapping):
                changed |= set_pairs(session, row, name, declared.many[name])
                continue
            wanted = _list(declared, name)
            if linked_model(self.rows.mapper, name) is not None:
                wanted = [self.rows.named(session, name, each, self._later) for each in wanted]
            unique = [each for place, each in enumerate(wanted) if each not in wanted[:place]]
            changed |= set_many(session, row, name, unique)
        return changed

    def _later(self, model: Any, wanted: Mapping[str, Any]) -> Any:
        """A row of this Reference that comes later is made now."""
        if not issubclass(self.model, model):
            return None
        for number in range(len(self.reference.rows)):
            row = by_attribute(self.owner, self.reference.rows[number])
            if all(name in row and row[name] == each for name, each in wanted.items()):
                assert self.session is not None
                return self.settle(number, self.session)
        return None


def _list(declared: DeclaredRow, name: str) -> list[Any]:
    values = declared.many[name]
    if not isinstance(values, list | tuple | set | frozenset):
        raise SeedError(f"'{name}' is a relationship to many rows: give it a list, not {values!r}.")
    return list(values)

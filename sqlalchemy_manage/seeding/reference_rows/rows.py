"""The rows of a Reference: found by their key and given what they lack, or made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.interfaces import MANYTOONE

from ...conf import raised
from ...errors import ManageError, SeedError
from ..factories import subclasses
from ..factory_boy_internals import (
    declarations_of,
    declared_names,
    is_subfactory,
    model_of,
    renamed,
    subfactory_defaults,
    subfactory_of,
)
from ..generating.numbering import Counters
from ..generating.objects import ObjectMaker
from ..profiles import Reference
from ..row_blocks import WrittenKeys
from ..undoing.accounts import Accounts
from ..writers.refusals import refused
from .declared_names import DeclaredRow, declared_row, linked_model
from .linked_rows import set_many, set_pairs
from .natural_keys import NaturalKeys, by_natural_key, find, one_of, shown, similar
from .stored_values import as_declared, give


def natural_keys(references: Iterable[Reference]) -> NaturalKeys:
    """The keys that References declare, by model; of several the first."""
    found: dict[type, tuple[str, ...]] = {}
    for each in references:
        names = _renamed(each.factory, dict.fromkeys(each.key))
        found.setdefault(model_of(each.factory), tuple(names))
    return found


def _renamed(owner: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """By the attributes of the model; Meta.rename may give the factory other names."""
    new = renamed(owner)
    found = {}
    for name, value in values.items():
        first, splitter, rest = name.partition("__")
        found[new.get(name) or new.get(first, first) + splitter + rest] = value
    return found


def seed_reference(
    connection: sa.Connection,
    reference: Reference,
    counters: Counters,
    tables: Sequence[sa.Table],
    accounts: Accounts,
    keys: NaturalKeys,
) -> tuple[WrittenKeys, int]:
    """The keys of the rows that were missing, and how many others were given new values.

    ``keys``: the natural keys that the References of the same profile declare.
    """
    rows = _ReferenceRows(reference, tables, accounts, keys)
    count = len(reference.rows)
    maker = ObjectMaker(
        connection, reference.factory, count, rows.settle, counters, tables, accounts
    )
    return maker.make(), len(rows.changed)


class _RowError(SeedError):
    """It names the row that it is about."""


@dataclass
class _ReferenceRows:
    """``settled``: number -> row. ``waiting``: the numbers of the rows that are being made."""

    reference: Reference
    tables: Sequence[sa.Table]
    accounts: Accounts
    keys: NaturalKeys
    session: Session | None = None
    settled: dict[int, Any] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)

    @property
    def owner(self) -> Any:
        return self.reference.factory

    @cached_property
    def model(self) -> type:
        found: type = model_of(self.owner)
        return found

    @cached_property
    def mapper(self) -> Mapper[Any]:
        found: Mapper[Any] = sa.inspect(self.model)
        return found

    def settle(self, number: int, session: Session) -> Any:
        """The row of that number, as declared; before it the rows of this Reference that it
        names."""
        if session is not self.session:  # the rows are made once more, to see which was refused
            self.session = session
            self.settled, self.waiting, self.changed = {}, [], set()
        if number in self.settled:
            return self.settled[number]
        with self._explained(number):
            declared = declared_row(self.owner, self.reference.rows[number])
            key = self._key(number)
            row = one_of(find(session, self.model, key, self.keys), self.model, key)
            if row is None:
                self._made(session, number, declared)
                self._link(session, declared, self.settled[number])
                return self.settled[number]
            if any(row is other for other in self.settled.values()):
                raise SeedError("another row of the Reference is the same row of the database.")
            self.settled[number] = row
            if self._change(session, declared, row) | self._link(session, declared, row):
                self.changed.add(number)
        return row

    def _key(self, number: int) -> dict[str, Any]:
        values = self.reference.rows[number]
        return _renamed(self.owner, {name: values[name] for name in self.reference.key})

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
            names = {model_of(f): f.__name__ for f in subclasses(SQLAlchemyModelFactory)}
            told = refused(error, self.settled.get(number), names, self.tables)
            raise _RowError(about + told.message, told.hint) from error
        except ManageError as error:
            fate = "" if "othing was written" in error.message else " Nothing was written."
            raise _RowError(about + error.message + fate, error.hint) from error
        except Exception as error:
            raise _RowError(f"{about}{raised(error)}. Nothing was written.") from error
        finally:
            self.waiting.pop()

    # --- a row that is missing

    def _made(self, session: Session, number: int, declared: DeclaredRow) -> None:
        given = dict(declared.arguments)
        for name, value in self._values(declared).items():
            given[declared.names[name]] = value
        for name, value in declared.one.items():
            given[declared.names[name]] = self._named(session, name, value)
        for name, values in declared.nested.items():
            given |= self._nested_for_new(session, name, values)
        known = declared_names(self.owner)
        for name, values in declared.many.items():
            if declared.names[name] in known:
                # They are linked afterwards; a hook that makes what is missing makes it here.
                makes = self._left_to_hook(session, declared, name)
                given[declared.names[name]] = values if makes else []
        self.settled[number] = self.owner.create(**given)
        session.flush()
        if self.settled[number] not in find(session, self.model, self._key(number), self.keys):
            raise SeedError(
                "the database holds another key than the declared one, so that a second run "
                "would not find the row.",
                "Declare the key as it is stored.",
            )

    def _nested_for_new(
        self, session: Session, name: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        declared = self._declared_name(name)
        own = self.mapper.relationships[name].direction is not MANYTOONE
        found = None if own else self._there(session, name, values)
        if found is not None:
            return {declared: found}
        if own or is_subfactory(self.owner, declared):
            inner = self._inner(session, name, values)
            return {f"{declared}__{other}": value for other, value in inner.items()}
        return {declared: self._new(session, name, values)}

    def _left_to_hook(self, session: Session, declared: DeclaredRow, name: str) -> bool:
        """Whether a hook of the factory gets natural keys that nothing has yet."""
        after = declarations_of(self.owner, {})[1]
        model = linked_model(self.mapper, name)
        if declared.names[name] not in after or model is None:
            return False
        return any(self._find(session, model, each) is None for each in _list(declared, name))

    # --- a row that is there

    def _change(self, session: Session, declared: DeclaredRow, row: Any) -> bool:
        changed, _ = give(session, self.accounts, row, self._values(declared))
        links = {name: self._named(session, name, value) for name, value in declared.one.items()}
        for name, values in declared.nested.items():
            now = getattr(row, name)
            if self.mapper.relationships[name].direction is not MANYTOONE and now is not None:
                changed |= self._change_own(session, now, values)
            elif now is None or not self._has(session, now, name, values):
                links[name] = self._there(session, name, values) or self._new(session, name, values)
        for name, other in links.items():
            if getattr(row, name) is not other:
                setattr(row, name, other)
                session.flush()
                changed = True
        return changed

    def _has(self, session: Session, row: Any, name: str, values: Mapping[str, Any]) -> bool:
        """Whether it is a row with these values."""
        mapper = sa.inspect(row).mapper
        keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        own = dict(zip(keys, sa.inspect(row).identity, strict=True))
        model = self.mapper.relationships[name].mapper.class_
        return bool(find(session, model, {**values, **own}, self.keys))

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
            if linked_model(self.mapper, name) is not None:
                wanted = [self._named(session, name, each) for each in wanted]
            unique = [each for place, each in enumerate(wanted) if each not in wanted[:place]]
            changed |= set_many(session, row, name, unique)
        return changed

    # --- values and rows by their natural keys

    def _values(self, declared: DeclaredRow) -> dict[str, Any]:
        columns = self.mapper.columns
        return {
            name: as_declared(columns[name].type, value) if name in columns else value
            for name, value in declared.values.items()
        }

    def _named(self, session: Session, name: str, value: Any) -> Any:
        """The row that a value of a relationship names; raises SeedError if there is none."""
        if value is None:
            return None
        model = linked_model(self.mapper, name)
        found = self._find(session, model, value)
        if found is None:
            found = self._later(session, model, value)
        if found is None:
            wanted = by_natural_key(model, value, self.keys)
            raise SeedError(
                f"'{name}' names a {model.__name__} with {shown(wanted)}, and there is none."
                + similar(session, model, wanted),
                f"Declare it in a Reference of {model.__name__} in the same profile.",
            )
        return found

    def _find(self, session: Session, model: Any, value: Any) -> Any:
        if isinstance(value, model):
            return value
        wanted = by_natural_key(model, value, self.keys)
        return one_of(find(session, model, wanted, self.keys), model, wanted)

    def _later(self, session: Session, model: Any, value: Any) -> Any:
        """A row of this Reference that comes later is made now."""
        if not issubclass(self.model, model):
            return None
        wanted = by_natural_key(model, value, self.keys)
        for number in range(len(self.reference.rows)):
            row = _renamed(self.owner, self.reference.rows[number])
            if all(name in row and row[name] == each for name, each in wanted.items()):
                return self.settle(number, session)
        return None

    def _there(self, session: Session, name: str, values: Mapping[str, Any]) -> Any:
        model = self.mapper.relationships[name].mapper.class_
        return one_of(find(session, model, values, self.keys), model, values)

    def _new(self, session: Session, name: str, values: Mapping[str, Any]) -> Any:
        """A row with these values, made by the factory that is declared for the relationship."""
        declared = self._declared_name(name)
        sub = subfactory_of(self.owner, declared)
        if sub is None:
            model = self.mapper.relationships[name].mapper.class_
            raise SeedError(
                f"there is no {model.__name__} with {shown(values)}, and '{name}' is no "
                f"SubFactory of {self.owner.__name__} that could make it."
            )
        defaults = subfactory_defaults(self.owner, declared)
        return sub.create(**defaults, **self._inner(session, name, values))

    def _inner(self, session: Session, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values, with the rows that they name further in, where those are there."""
        sub = subfactory_of(self.owner, self._declared_name(name))
        if sub is None:
            return dict(values)
        inside = _ReferenceRows(Reference(sub, [], key=()), self.tables, self.accounts, self.keys)
        declared = declared_row(sub, values)
        given = dict(declared.arguments)
        for other, value in inside._values(declared).items():
            given[declared.names[other]] = value
        for other, value in declared.one.items():
            given[declared.names[other]] = inside._named(session, other, value)
        for other, nested in declared.nested.items():
            given |= inside._nested_for_new(session, other, nested)
        return given

    def _declared_name(self, attribute: str) -> str:
        old = {new: old for old, new in renamed(self.owner).items()}
        return old.get(attribute, attribute)


def _list(declared: DeclaredRow, name: str) -> list[Any]:
    values = declared.many[name]
    if not isinstance(values, list | tuple | set | frozenset):
        raise SeedError(f"'{name}' is a relationship to many rows: give it a list, not {values!r}.")
    return list(values)

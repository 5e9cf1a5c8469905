"""``sqlalchemy_get_or_create`` by columns: what exists is found, and only the rest is made.

As factory_boy does it: a row that is found stays as it is, whatever else was declared for it,
and what follows the making of a row (RelatedFactory) follows the finding of one too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ColumnProperty, RelationshipProperty

from ...sql.dialects import MARIADB
from ..factory_boy_internals import looked_up, saves_at_once
from ..row_blocks import kinds
from .columns import MadeRows, RowBatch
from .failures import NeedsConnection, NotColumnwise
from .model_info import ModelInfo, compared, model_info
from .pools import of_model
from .rows import Assembled, referred
from .stand_ins import StandIn

Key = tuple[Any, ...]

_AT_ONCE = 250  # keys in one query: older SQLite takes 999 parameters


class FoundRows:
    """Stands for :class:`~.rows.Assembled` where rows of a batch are those of others.

    ``places``: of each row, who has it, and which one it is there.
    """

    def __init__(self, places: Sequence[tuple[Any, int]]) -> None:
        self.places = places
        self._known: dict[Any, list[Any]] = {}

    def values_of(self, column: Any) -> Sequence[Any]:
        """The values of a column, for those that refer to these rows."""
        if column not in self._known:
            holders = {id(holder): holder for holder, _ in self.places}
            each = {number: holder.values_of(column) for number, holder in holders.items()}
            self._known[column] = [each[id(holder)][row] for holder, row in self.places]
        return self._known[column]

    def seen(self, row: int) -> Any:
        """A row as a declaration's function sees it."""
        holder, place = self.places[row]
        if isinstance(holder, _Stored):
            return _SeenStored(holder, place)
        return MadeRows(holder.batch).seen(place)


@dataclass(eq=False)
class _Stored:
    """Rows of the database."""

    info: ModelInfo
    columns: Mapping[Any, Sequence[Any]]

    def values_of(self, column: Any) -> Sequence[Any]:
        if column not in self.columns:
            raise NotColumnwise(self.info.factory, f"{column} of a row that exists is used")
        return self.columns[column]


@dataclass(eq=False, repr=False)
class _SeenStored(StandIn):
    _rows: _Stored
    _row: int

    def model(self) -> Any:
        return self._rows.info.model

    def __getattr__(self, name: str) -> Any:
        prop = self._rows.info.mapper.attrs.get(name)
        if not isinstance(prop, ColumnProperty):
            raise NotColumnwise(self._rows.info.factory, f"'{name}' of a row that exists is used")
        return self._rows.values_of(prop.columns[0])[self._row]


class Finder:
    """Of a chunk: which rows there are, by the values that they are looked up by."""

    def __init__(self, connection: sa.Connection | None) -> None:
        self._connection = connection
        self._known: dict[tuple[Any, ...], dict[Key, tuple[Any, int]]] = {}

    def find(self, batch: RowBatch, make: Callable[[list[int]], Assembled]) -> FoundRows:
        """Where the rows of a batch are. ``make`` is given those that are nowhere, each once.

        Raises NotColumnwise where only the database can tell which values are equal.
        """
        given = _looked_up(batch)
        keys = list(zip(*given.values(), strict=True))
        known = self._known.setdefault(tuple(given), {})
        unknown = [key for key in dict.fromkeys(keys) if key not in known]
        if unknown:
            self._require_different(batch, given, [*known, *unknown])
            known |= self._stored(batch, tuple(given), unknown)
        new: dict[Key, int] = {}
        for row, key in enumerate(keys):
            if key not in known:
                new.setdefault(key, row)
        if new:
            made = make(list(new.values()))
            known |= {key: (made, place) for place, key in enumerate(new)}
        return FoundRows([known[key] for key in keys])

    def forget(self) -> None:
        """Release the rows, which know the chunk."""
        self._known.clear()

    def _stored(
        self, batch: RowBatch, columns: tuple[Any, ...], keys: Sequence[Key]
    ) -> dict[Key, tuple[_Stored, int]]:
        """The keys that rows of the database have, with these rows."""
        if self._connection is None:
            raise NeedsConnection(columns)
        info = model_info(batch.factory)
        every = [column for table in info.tables for column in table.columns if _is_read(column)]
        places = [every.index(column) for column in columns]
        query = sa.select(*every).select_from(info.mapper.selectable)
        query = query.where(*of_model(info.mapper, info.mapper.local_table))
        rows: list[Any] = []
        for where in _conditions(columns, keys):
            rows += self._connection.execute(query.where(where)).all()
        values = zip(*rows, strict=True) if rows else [()] * len(every)
        stored = _Stored(info, dict(zip(every, values, strict=True)))
        found: dict[Key, tuple[_Stored, int]] = {}
        asked = set(keys)
        for number, row in enumerate(rows):
            key = tuple(row[place] for place in places)
            if key in found or key not in asked:
                raise NotColumnwise(
                    batch.factory, "more than one row is equal to what it looks for"
                )
            found[key] = stored, number
        return found

    def _require_different(
        self, batch: RowBatch, columns: Iterable[Any], keys: Sequence[Key]
    ) -> None:
        """The database must not hold equal what Python holds different."""
        assert self._connection is not None
        everywhere = self._connection.dialect.name in MARIADB
        folded = [everywhere or _has_own_order(column) for column in columns]
        if not any(folded):
            return
        alike = {
            tuple(_folded(v) if fold else v for v, fold in zip(key, folded, strict=True))
            for key in keys
        }
        if len(alike) < len(keys):
            raise NotColumnwise(
                batch.factory, "the database may hold values equal that it looks for"
            )


def _looked_up(batch: RowBatch) -> dict[Any, Sequence[Any]]:
    """The columns that the rows are looked up by, with their values."""
    owner, names = batch.factory, looked_up(batch.factory)
    partly = [name for name in names if name in batch.overrides]
    if saves_at_once(owner) and partly and len(partly) < len(names):
        # After a refusal factory_boy looks once more, by what the caller gave.
        raise NotColumnwise(owner, "it looks for each row first (sqlalchemy_get_or_create)")
    found: dict[Any, Sequence[Any]] = {}
    for name, prop in model_info(owner).lookup.items():
        values = batch.column(batch.given[name])
        if isinstance(prop, RelationshipProperty):
            found |= {own: referred(owner, values, key) for key, own in prop.synchronize_pairs}
        else:
            found[prop.columns[0]] = values
    for column, values in found.items():
        if not kinds(values) <= {NoneType, *compared(column)}:
            raise NotColumnwise(owner, f"it looks for each row by {column}, a {column.type!r}")
    return found


def _is_read(column: sa.Column[Any]) -> bool:
    return not isinstance(column.type, sa.LargeBinary)


def _has_own_order(column: Any) -> bool:
    """Whether the column's type says how texts are compared, as CITEXT does."""
    kind = column.type
    plain = isinstance(kind, sa.Enum) or type(kind).__name__ in ("String", "Text", "VARCHAR")
    return isinstance(kind, sa.String) and (not plain or kind.collation is not None)


def _folded(value: Any) -> Any:
    """A text without what collations pass over: case, accents, spaces at the end."""
    if not isinstance(value, str):
        return value
    parts = unicodedata.normalize("NFKD", value.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).rstrip()


def _conditions(columns: Sequence[Any], keys: Sequence[Key]) -> Iterator[Any]:
    """For some keys at a time: that a row has one of them."""
    whole = [key for key in keys if None not in key]
    for start in range(0, len(whole), _AT_ONCE):
        some = whole[start : start + _AT_ONCE]
        if len(columns) == 1:
            yield columns[0].in_([value for (value,) in some])
        else:
            yield sa.tuple_(*columns).in_(some)
    for key in keys:
        if None in key:
            pairs = zip(columns, key, strict=True)
            yield sa.and_(*(c.is_(None) if v is None else c == v for c, v in pairs))

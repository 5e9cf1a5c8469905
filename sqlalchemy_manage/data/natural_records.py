"""Natural keys in records: turned into the keys of the rows that they name, where these exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import RelationshipDirection, RelationshipProperty

from ..errors import FixtureError
from .fixtures import Record
from .json_text import shown
from .natural_keys import NaturalKeys
from .record_layout import Field, Layout, Layouts
from .record_rows import Key, hashable
from .stored_rows import LOOKUP, chunks, matching

_REMEMBERED = 20_000


@dataclass(frozen=True)
class _Place:
    """A natural key in a record: where it stands, and which column of its row is wanted.

    ``part``: its place in the pk, or in the list of a many-to-many relationship.
    """

    name: str
    part: int | None
    target: Layout
    column: sa.Column[Any]
    value: list[Any]

    @property
    def asked(self) -> tuple[Layout, tuple[sa.Column[Any], ...]]:
        return self.target, (self.column,)


@dataclass
class NaturalRecords:
    """Looks up, in sets, the rows that the natural keys of records name."""

    connection: sa.Connection
    layouts: Layouts
    keys: NaturalKeys
    _found: dict[tuple[Layout, tuple[sa.Column[Any], ...]], dict[Key, tuple[Any, ...]]] = field(
        default_factory=dict
    )

    def resolved(self, records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
        """The records with plain keys in place of natural ones; those whose rows are missing.

        A record without pk gets that of the row that its natural key names, if there is one.
        """
        places = {id(record): found for record in records if (found := self._places(record))}
        if not places:
            return self._with_keys(list(records))
        wanted: dict[tuple[Layout, tuple[sa.Column[Any], ...]], list[list[Any]]] = {}
        for found in places.values():
            for place in found:
                wanted.setdefault(place.asked, []).append(place.value)
        answers = {
            (layout, columns): self._find(layout, columns, values)
            for (layout, columns), values in wanted.items()
        }
        ready: list[Record] = []
        waiting: list[Record] = []
        for record in records:
            own = places.get(id(record), [])
            if all(self._answer(answers, place) for place in own):
                ready.append(_replaced(record, own, answers) if own else record)
            else:
                waiting.append(record)
        ready, same = self._with_keys(ready)
        return ready, waiting + same

    def missing(self, record: Record) -> FixtureError:
        """The error for a record that waits for a row which does not come."""
        layout = self.layouts.by_label[record.model.lower()]
        for place in self._places(record):
            if not self._find(*place.asked, [place.value]):
                names = ", ".join(f.name for f in self.keys.of(place.target) or ())
                return FixtureError(
                    f"{record.origin} ({layout.label}): {place.name} {shown(place.value)} is the "
                    f"natural key ({names}) of no {place.target.label}, neither in the fixture "
                    "nor in the database."
                )
        return FixtureError(f"{record.origin} ({layout.label}): its rows wait for each other.")

    def halves(self, record: Record) -> tuple[Record, Record] | None:
        """A record without the links that wait and may be null, and one that fills them in."""
        layout = self.layouts.by_label[record.model.lower()]
        late = {}
        for place in self._places(record):
            if self._find(*place.asked, [place.value]):
                continue
            known = layout.accepted.get(place.name)
            if place.name == "pk" or (known is not None and not known.column.nullable):
                return None
            late[place.name] = record.fields[place.name]
        identity = dict(self._identity(layout, record))
        if not late or (record.pk is None and not identity) or late.keys() & identity.keys():
            return None
        rest = {name: value for name, value in record.fields.items() if name not in late}
        return replace(record, fields=rest), replace(
            record, fields={**identity, **late}, completes=True
        )

    def _places(self, record: Record) -> list[_Place]:
        pk = record.pk
        listed = list in map(type, record.fields.values())
        if not listed and type(pk) is not list:
            return []
        layout = self.layouts.by_label.get(record.model.lower())
        if layout is None:
            return []
        if not listed and len(pk) == len(layout.key) > 1 and list not in map(type, pk):
            return []
        places: list[_Place] = []
        key = layout.key
        parts = pk if len(key) > 1 and isinstance(pk, list) and len(pk) == len(key) else [pk]
        for i, (own, part) in enumerate(zip(key, parts, strict=False)):
            if type(part) is list:
                places += self._column(layout, own, part, "pk", i if len(key) > 1 else None)
        for name, value in record.fields.items():
            if type(value) is not list:
                continue
            if (known := layout.accepted.get(name)) is not None:
                places += self._column(layout, known, value, name, None)
            elif (relationship := layout.relationships.get(name)) is not None:
                places += self._related(layout, relationship, value)
        return places

    def _column(
        self, layout: Layout, known: Field, value: list[Any], name: str, part: int | None
    ) -> Iterator[_Place]:
        if known.codec.kind in ("json", "array"):
            return
        link = self.keys.link(layout, known)
        if link is not None:
            yield _Place(name, part, link.target, link.column, value)

    def _related(
        self, layout: Layout, relationship: RelationshipProperty[Any], value: list[Any]
    ) -> Iterator[_Place]:
        target = self.layouts.by_table.get(relationship.mapper.local_table)  # type: ignore[call-overload]
        if target is None or len(target.key) != 1 or self.keys.of(target) is None:
            return
        key = target.key[0].column
        name = relationship.key
        if relationship.secondary is not None:
            for i, item in enumerate(value):
                if type(item) is list:
                    yield _Place(name, i, target, key, item)
        elif relationship.direction is RelationshipDirection.MANYTOONE:
            yield _Place(name, None, target, key, value)

    def _answer(self, answers: dict[Any, dict[Key, tuple[Any, ...]]], place: _Place) -> bool:
        return _hashed(place.value) in answers[place.asked]

    def _find(
        self, target: Layout, columns: tuple[sa.Column[Any], ...], values: Sequence[list[Any]]
    ) -> dict[Key, tuple[Any, ...]]:
        """The ``columns`` of the rows with these natural keys, by natural key as written."""
        known = self._found.setdefault((target, columns), {})
        if len(known) > _REMEMBERED:
            known.clear()
        asked = {_hashed(value): value for value in values}
        unknown = {key: value for key, value in asked.items() if key not in known}
        plain = self._plain(target, list(unknown.values()))
        names = self.keys.of(target) or ()
        wanted = [target.by_column[c] for c in columns]
        selected = [f.codec.selected(f.column) for f in (*names, *wanted)]
        select = sa.select(*(c.label(f"c{i}") for i, c in enumerate(selected)))
        spelled = {_hashed(value): key for key, value in plain.items()}
        for part in chunks(list(plain.values()), max(1, LOOKUP // max(1, len(names)))):
            for row in self.connection.execute(
                select.where(matching(self.connection, names, part))
            ):
                told = [f.codec.encode(v) for f, v in zip((*names, *wanted), row, strict=True)]
                key = spelled.get(_hashed(told[: len(names)]))
                if key is not None:
                    known[key] = tuple(told[len(names) :])
        return {key: known[key] for key in asked if key in known}

    def _plain(self, target: Layout, values: Sequence[list[Any]]) -> dict[Key, list[Any]]:
        """Natural keys without natural keys in them, by the key as written; raises FixtureError."""
        names = self.keys.of(target) or ()
        inner: dict[int, dict[Key, tuple[Any, ...]]] = {}
        for i, known in enumerate(names):
            link = self.keys.link(target, known)
            nested = [v[i] for v in values if len(v) == len(names) and type(v[i]) is list]
            if link is not None and nested:
                inner[i] = self._find(link.target, (link.column,), nested)
        plain = {}
        for value in values:
            if len(value) != len(names):
                form = ", ".join(f.name for f in names)
                raise FixtureError(
                    f"{shown(value)} is no natural key of {target.label}: that is a list of {form}."
                )
            parts: list[Any] = []
            for i, (known, part) in enumerate(zip(names, value, strict=True)):
                if type(part) is list and i in inner:
                    found = inner[i].get(_hashed(part))
                    if found is None:
                        break
                    part = found[0]
                try:
                    parts.append(known.codec.clean(part))
                except (ValueError, ArithmeticError):
                    raise FixtureError(
                        f"{shown(value)} is no natural key of {target.label}: {known.name} is "
                        f"{known.codec.expected}, and not {shown(part)}."
                    ) from None
            else:
                if None not in parts:
                    plain[_hashed(value)] = parts
        return plain

    def _with_keys(self, records: list[Record]) -> tuple[list[Record], list[Record]]:
        """Records with the pk of the row that they name; those that must come after another."""
        named: dict[Layout, dict[int, list[Any]]] = {}
        for record in [record for record in records if record.pk is None]:
            layout = self.layouts.by_label.get(record.model.lower())
            if layout is None or not self.keys.replaces_key(layout):
                continue
            identity = list(self._identity(layout, record))
            if identity:
                values = dict(identity)
                ordered = [values[f.name] for f in self.keys.of(layout) or ()]
                named.setdefault(layout, {})[id(record)] = ordered
        pks: dict[int, Any] = {}
        late: set[int] = set()
        completing = {id(record) for record in records if record.completes}
        for layout, identities in named.items():
            columns = tuple(f.column for f in layout.key)
            found = self._find(layout, columns, list(identities.values()))
            new: set[Key] = set()
            for record_id, value in identities.items():
                key = _hashed(value)
                if key in found:
                    pks[record_id] = found[key][0] if len(columns) == 1 else list(found[key])
                elif key in new or record_id in completing:
                    late.add(record_id)
                new.add(key)
        if not pks and not late:
            return records, []
        ready = [
            replace(r, pk=pks[id(r)]) if id(r) in pks else r for r in records if id(r) not in late
        ]
        return ready, [r for r in records if id(r) in late]

    def _identity(self, layout: Layout, record: Record) -> Iterator[tuple[str, Any]]:
        """The fields of a record's natural key with their values; nothing if one is missing."""
        given: dict[str, Any] = {}
        for name, value in record.fields.items():
            known = layout.accepted.get(name)
            relationship = layout.relationships.get(name)
            if known is None and relationship is not None:
                pairs = list(relationship.synchronize_pairs)
                manytoone = relationship.direction is RelationshipDirection.MANYTOONE
                if manytoone and len(pairs) == 1:
                    known = layout.by_column.get(pairs[0][1])  # type: ignore[call-overload]
            if known is not None:
                given[known.name] = value
        names = [f.name for f in self.keys.of(layout) or ()]
        if names and all(given.get(name) is not None for name in names):
            yield from ((name, given[name]) for name in names)

    def without_links(self, record: Record) -> tuple[Record, Record] | None:
        """A record without pk in two: its row, and its many-to-many links once it has a pk."""
        layout = self.layouts.by_label.get(record.model.lower())
        if record.pk is not None or layout is None:
            return None
        many = {
            name: value
            for name, value in record.fields.items()
            if name not in layout.accepted
            and (relationship := layout.relationships.get(name)) is not None
            and relationship.secondary is not None
        }
        identity = dict(self._identity(layout, record)) if many else {}
        if not identity:
            return None
        rest = {name: value for name, value in record.fields.items() if name not in many}
        return replace(record, fields=rest), replace(
            record, fields={**identity, **many}, completes=True
        )


def _hashed(value: Sequence[Any]) -> Key:
    return tuple(map(hashable, value))


def _replaced(record: Record, places: list[_Place], answers: dict[Any, Any]) -> Record:
    pk = list(record.pk) if isinstance(record.pk, list) else record.pk
    fields = dict(record.fields)
    for place in places:
        answer = answers[place.asked][_hashed(place.value)][0]
        if place.name == "pk":
            if place.part is None:
                pk = answer
            else:
                pk[place.part] = answer
        elif place.part is None:
            fields[place.name] = answer
        else:
            fields[place.name] = list(fields[place.name])
            fields[place.name][place.part] = answer
    return replace(record, pk=pk, fields=fields)

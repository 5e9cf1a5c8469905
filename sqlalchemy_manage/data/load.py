"""Load fixtures: all of their records, in one transaction, or none; a block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ..databases.error_kinds import fault_of, first_error
from ..errors import DatabaseError, FixtureError
from ..interrupts import explaining
from . import backends
from .block_load import BlockLoad
from .fixture_files import Fixture, find_fixtures, repeatable
from .fixture_source import FixtureSource
from .fixtures import Record
from .link_targets import missing_targets
from .natural_keys import NaturalKeys
from .natural_records import NaturalRecords
from .record_blocks import WaitingRecords, blocks
from .record_layout import Layouts, require_tables
from .record_rows import Key, Row, TableRows, collect, contradiction, describe, hashable, key_of
from .seen_keys import SeenKeys
from .stored_rows import holds_rows, same
from .upsert import LinkRefused

if TYPE_CHECKING:
    from ..project import Project

# After so many passes over what waits for rows that come later, the rest is loaded at once.
_PASSES = 4
_NAMED = 1000


@dataclass(frozen=True)
class Loaded:
    """What a load did. ``notes``: what a person should know of the rows that were written."""

    fixtures: int
    new: int
    changed: int
    unchanged: int
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        return self.new + self.changed + self.unchanged


def load(
    project: Project,
    names: Sequence[str],
    stdin: TextIO,
    *,
    ignore_nonexistent: bool = False,
    exclude: Sequence[str] = (),
) -> Loaded:
    """Load the fixtures of these names into the project's database.

    A row whose key exists is changed where it differs, a new one is inserted: loading
    twice changes nothing. A record without pk is the row that its natural key names, else a
    new one. ``ignore_nonexistent``: records and fields of what the models do not have are left
    out, as are the records of the ``exclude`` apps and models. Memory does not grow with the
    fixtures. Raises FixtureError or DatabaseError; then nothing is written.
    """
    if project.database.protected:
        raise DatabaseError(
            f"DATABASES['{project.alias}'] is PROTECTED: nothing is loaded into it.",
            "Choose another with --database ALIAS, or remove PROTECTED from the settings.",
        )
    fixtures = find_fixtures(names, fixture_folders(project))
    with ExitStack() as stack:
        copy = stack.enter_context(repeatable(stdin)) if _reads_stdin(fixtures) else None
        connection = stack.enter_context(project.connect())
        layouts = Layouts(project, connection.dialect)
        source = FixtureSource(fixtures, copy, layouts, ignore_nonexistent, layouts.labels(exclude))
        loading = _Load(connection, project, layouts, source)
        try:
            with (
                explaining("The load", "Nothing was loaded."),
                backends.writing(connection),
            ):
                loading.run()
        except DBAPIError as error:
            raise _failed(error) from error
        except RecursionError as error:
            raise source.nested_too_deeply() or error from None
    unchanged = loading.total - loading.new - loading.changed
    notes = (*source.notes(), *loading.notes)
    return Loaded(len(fixtures), loading.new, loading.changed, unchanged, notes)


def _reads_stdin(fixtures: Iterable[Fixture]) -> bool:
    return any(fixture.path is None for fixture in fixtures)


def fixture_folders(project: Project) -> list[Path]:
    """Where fixtures are looked up: FIXTURE_DIRS, then each app's ``fixtures``."""
    own = [app.path / "fixtures" for app in project.homes]
    return list(dict.fromkeys([*project.settings.fixture_dirs, *own]))


def _failed(error: DBAPIError) -> DatabaseError:
    first: Any = first_error(error)
    lines = str(first.orig).strip().splitlines() or [type(first.orig).__name__]
    fault = fault_of(error)
    what = fault.what if fault else "The database failed"
    return DatabaseError(
        f"{what}, and nothing was loaded: {lines[0].rstrip('.')}.", fault.hint() if fault else None
    )


@dataclass
class _Load:
    """One load, inside its transaction. ``total``: rows that the fixtures ask for."""

    connection: sa.Connection
    project: Project
    layouts: Layouts
    source: FixtureSource
    total: int = 0
    new: int = 0
    changed: int = 0
    notes: list[str] = field(default_factory=list)
    # Tables that this load writes to, and whether they had rows before.
    filled: dict[sa.Table, bool] = field(default_factory=dict)
    # Rows that a later block has changed once more.
    twice: dict[sa.Table, set[Key]] = field(default_factory=dict)
    # Whether links are looked up before a block is written: once one was refused.
    careful: bool = False

    def __post_init__(self) -> None:
        self.natural = NaturalRecords(self.connection, self.layouts, NaturalKeys(self.layouts))

    def run(self) -> None:
        with ExitStack() as stack:
            self.seen = stack.enter_context(SeenKeys())
            waiting = stack.enter_context(WaitingRecords())
            for block, last in blocks(self.source.records()):
                only = last and not self.filled and not waiting.count
                self._put_off(waiting, self._block(block, last=only, loose=only))
            passes = 0
            while waiting.count:
                passes += 1
                self.seen.release()
                rest = stack.enter_context(WaitingRecords())
                at_once = passes > _PASSES
                parts = [(list(waiting), True)] if at_once else blocks(waiting)
                for block, last in parts:
                    left = self._block(block, last=last and not rest.count, loose=True)
                    self._put_off(rest, left)
                if at_once and rest.count:
                    raise self.natural.missing(next(iter(rest)))
                if rest.count == waiting.count:
                    passes = _PASSES
                waiting = rest
        self._finish()

    def _put_off(self, waiting: WaitingRecords, records: list[Record]) -> None:
        waiting.add(records)
        # A later record of the same row must not come before.
        self.seen.hold((r.model.lower(), hashable(r.pk)) for r in records if r.pk is not None)

    @property
    def batches(self) -> Mapping[sa.Table, TableRows]:
        """The rows of each table, read from the fixtures anew: only an error needs them."""
        return _Again(self, self.filled)

    def _finish(self) -> None:
        self._check_links()
        self._note_contradictions()
        backends.check_deferred(self.connection)
        fields = [f for table in self.filled for f in self.layouts.by_table[table].all_fields]
        own = [f.column for f in fields if not f.column.foreign_keys]
        backends.advance_sequences(self.connection, own)

    def _note_contradictions(self) -> None:
        """Tell of the records, far from each other, that give one row different values."""
        merged: dict[tuple[sa.Table, Key], Row] = {}
        for block, _ in blocks(self.source.records()) if any(self.twice.values()) else ():
            batches = collect(self.natural.resolved(block)[0], self.layouts)
            for table, batch in batches.items():
                for key in batch.rows.keys() & self.twice.get(table, set()):
                    row = batch.rows[key]
                    earlier = merged.setdefault((table, key), row)
                    note = contradiction(batch.layout, earlier, row)
                    self.notes += [note] if note else []
                    row.values = {**earlier.values, **row.values}
                    merged[table, key] = row

    def _block(
        self, records: list[Record], *, last: bool, loose: bool, split: bool = True
    ) -> list[Record]:
        """Load what can be loaded; the records that wait for rows of later blocks.

        ``last``: no block follows, and a record that waits for ever is an error. ``loose``:
        whether rows may be given a key by the database, now that all written keys are taken.
        ``split``: whether rows that wait for each other may be loaded in two steps.
        """
        places = {record.origin: i for i, record in enumerate(records)}
        pending = records
        later: list[Record] = []
        while True:
            ready, waiting = self.natural.resolved(pending)
            ready, linked = self._parted(ready)
            keyless = [] if loose else [r for r in ready if self._gets_key(r)]
            later += keyless
            ready = [r for r in ready if not self._gets_key(r)] if keyless else ready
            waiting += linked
            ready, behind = self._in_turn(ready, waiting)
            waiting += behind
            late = self._write(ready, must=last and not waiting) if ready else []
            pending = sorted([*waiting, *late], key=lambda record: places[record.origin])
            if not pending or len(late) == len(ready):
                break
        if later:
            pending = sorted([*later, *pending], key=lambda record: places[record.origin])
        return self._last_resort(pending, split=split) if last and pending else pending

    def _in_turn(
        self, ready: list[Record], waiting: list[Record]
    ) -> tuple[list[Record], list[Record]]:
        """Records of rows for which no other waits; those that must come after one that does."""
        held = {(r.model.lower(), hashable(r.pk)) for r in waiting if r.pk is not None}
        if not held and not self.seen.holds:
            return ready, []
        behind = [
            r
            for r in ready
            if (key := (r.model.lower(), hashable(r.pk))) in held or self.seen.held(key)
        ]
        late = set(map(id, behind))
        return [r for r in ready if id(r) not in late], behind

    def _last_resort(self, records: list[Record], *, split: bool) -> list[Record]:
        """Rows that wait for each other: first without the links that may be null."""
        halves = [self.natural.halves(record) if split else None for record in records]
        if not any(halves):
            ready, waiting = self.natural.resolved(records)
            if waiting or not ready:
                raise self.natural.missing((waiting or records)[0])
            self._write(ready, must=True)
            return []
        first = [half[0] if half else r for half, r in zip(halves, records, strict=True)]
        second = [half[1] for half in halves if half]
        rest = self._block(first, last=False, loose=True)
        before = self.changed
        self._block([*second, *rest], last=True, loose=True, split=False)
        # The second halves are no rows of their own.
        self.total -= len(second)
        self.changed -= min(len(second), self.changed - before)
        return []

    def _parted(self, records: list[Record]) -> tuple[list[Record], list[Record]]:
        """Records without pk, and apart from them their many-to-many links, for later."""
        rows, links = [], []
        for record in records:
            halves = self.natural.without_links(record) if record.pk is None else None
            rows.append(halves[0] if halves else record)
            links += [halves[1]] if halves else []
        # These are no rows of their own.
        self.total -= len(links)
        return rows, links

    def _gets_key(self, record: Record) -> bool:
        if record.pk is not None:
            return False
        layout = self.layouts.by_label.get(record.model.lower())
        if layout is None or not layout.key:
            return False
        given = {layout.accepted[n].column for n in record.fields if n in layout.accepted}
        for name in layout.relationships.keys() & record.fields.keys():
            given |= {local for _, local in layout.relationships[name].synchronize_pairs}  # type: ignore[misc]
        return any(f.column not in given for f in layout.key)

    def _write(self, records: list[Record], *, must: bool) -> list[Record]:
        """Write a block; the records that cannot be yet, because a row they refer to is missing."""
        notes: list[str] = []
        batches = collect(records, self.layouts, notes)
        self._open(batches)
        late: list[Record] = []
        if must:
            for _, error in missing_targets(self.connection, batches, self.layouts):
                raise error
        elif self.careful:
            while found := missing_targets(self.connection, batches, self.layouts):
                origins = {row.origin for row, _ in found}
                late += [r for r in records if r.origin in origins]
                records = [r for r in records if r.origin not in origins]
                batches = collect(records, self.layouts)
        repeated = self.seen.add(batches)
        empty = {t for t in batches if not self.filled[t] and t not in repeated}
        block = BlockLoad(self.connection, batches, self.seen.wanted, frozenset(empty))
        try:
            with self.connection.begin_nested():
                new, changed = block.run()
        except LinkRefused:
            if must or self.careful:
                raise
            self.careful = True
            self.seen.forget()
            return self._write(records, must=False)
        self.seen.keep()
        # The keys of these rows are not known: they may come up again in what waits.
        self.filled |= {
            table: True for table, batch in batches.items() if batch.loose or batch.links
        }
        self.new += new
        self.changed += changed
        self.total += sum(batch.size for batch in batches.values())
        self.total -= sum(map(len, repeated.values()))
        self.notes += [*notes, *block.notes]
        for table, keys in repeated.items():
            again = keys & block.differences[table].changed.keys()
            # It was counted when it came first.
            self.changed -= len(again)
            if sum(map(len, self.twice.values())) < _NAMED:
                self.twice.setdefault(table, set()).update(again)
        return late

    def _open(self, batches: Mapping[sa.Table, TableRows]) -> None:
        """Raise for tables that cannot be written to; note those that are empty."""
        first = [table for table in batches if table not in self.filled]
        for table in require_tables(self.connection, first) if first else ():
            raise FixtureError(f"{table.fullname} is a view: nothing can be loaded into it.")
        self.filled |= {table: holds_rows(self.connection, table) for table in first}

    def _check_links(self) -> None:
        """Also if no foreign key is declared, or the database does not enforce it."""
        from ..links.check import check_links
        from ..links.declared_links import links_of
        from ..links.link_types import LinkColumns

        links = links_of(self.project.mappers, self.project.tables)
        ours = [x for x in links if isinstance(x, LinkColumns) and x.child in self.batches]
        for result in check_links(self.connection, ours).results:
            for finding in result.findings:
                if finding.kind != "dangling":
                    continue
                # What was broken before, on rows that the fixture does not name, stays so.
                origin = self._origin(self.batches[result.link.tables[0]], finding.key)
                if origin is not None:
                    raise FixtureError(f"{origin}: a link would be broken: {finding.message}.")

    def _origin(self, batch: TableRows, key: dict[str, object]) -> str | None:
        """Where the fixture asks for the row of these column values; None if it does not."""
        layout = batch.layout
        fields = [f for f in layout.all_fields if f.column.name in key]
        if any(isinstance(f.column.type, sa.types.TypeDecorator) for f in fields):
            return f"Table {layout.table.fullname}"  # the stored values are not at hand
        values = {f.name: f.codec.encode(key[f.column.name]) for f in fields}
        row = None
        if layout.key:
            row = batch.rows.get(key_of((f.name for f in layout.key), values))
        for other in (*batch.loose, *batch.bag, *batch.links) if row is None else ():
            shared = values.keys() & other.values.keys()
            if shared and all(same(values[name], other.values[name]) for name in shared):
                row = other
        return None if row is None else describe(layout, row)


class _Again(Mapping[sa.Table, TableRows]):
    """The rows that the fixtures ask for, of a few tables, each read when it is asked for."""

    def __init__(self, load: _Load, tables: Iterable[sa.Table]) -> None:
        self.source = load.source
        self.layouts = load.layouts
        self.natural = load.natural
        self.tables = dict.fromkeys(tables)

    def __iter__(self) -> Iterator[sa.Table]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __contains__(self, table: object) -> bool:
        return table in self.tables

    def __getitem__(self, table: sa.Table) -> TableRows:
        found = TableRows(self.layouts.by_table[table])
        for block, _ in blocks(self.source.records()):
            ready, _ = self.natural.resolved(block)
            batch = collect(ready, self.layouts).get(table)
            if batch is not None:
                found.rows |= batch.rows
                found.loose += batch.loose
                found.bag += batch.bag
                found.links += batch.links
        return found

"""Load fixtures: all of their records, in one transaction, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ..errors import DatabaseError, FixtureError
from . import backends
from .fixtures import find_fixtures, read_fixture, shown
from .kept_less import why_less
from .link_targets import require_targets
from .order import plan
from .record_layout import Layout, Layouts, require_tables
from .record_rows import Key, Row, TableRows, collect, describe, key_of
from .upsert import Differences, differing, insert, lacking, same, update

if TYPE_CHECKING:
    from ..project import Project


@dataclass(frozen=True)
class Loaded:
    """What a load did. ``notes``: values that a trigger made different from the fixture."""

    fixtures: int
    new: int
    changed: int
    unchanged: int
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        return self.new + self.changed + self.unchanged


def load(project: Project, names: Sequence[str], stdin: TextIO) -> Loaded:
    """Load the fixtures of these names into the project's database.

    A row whose key exists is changed where it differs, a new one is inserted: loading
    twice changes nothing. Raises FixtureError or DatabaseError; then nothing is written.
    """
    if project.database.protected:
        raise DatabaseError(
            f"DATABASES['{project.alias}'] is PROTECTED: nothing is loaded into it.",
            "Choose another with --database ALIAS, or remove PROTECTED from the settings.",
        )
    fixtures = find_fixtures(names, fixture_folders(project))
    with project.connect() as connection:
        layouts = Layouts(project, connection.dialect)
        records = chain.from_iterable(read_fixture(fixture, stdin) for fixture in fixtures)
        batches = collect(records, layouts)
        try:
            views = require_tables(connection, batches)
            connection.rollback()
            for table in views:
                raise FixtureError(f"{table.fullname} is a view: nothing can be loaded into it.")
            with backends.writing(connection):
                new, changed, notes = _Load(connection, project, layouts, batches).run()
        except DBAPIError as error:
            raise _failed(error) from error
    total = sum(batch.size for batch in batches.values())
    return Loaded(len(fixtures), new, changed, total - new - changed, notes)


def fixture_folders(project: Project) -> list[Path]:
    """Where fixtures are looked up: FIXTURE_DIRS, then each app's ``fixtures``."""
    own = [app.path / "fixtures" for app in project.apps]
    return list(dict.fromkeys([*project.settings.fixture_dirs, *own]))


def _failed(error: DBAPIError) -> DatabaseError:
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    return DatabaseError(f"The database failed, and nothing was loaded: {lines[0].rstrip('.')}.")


@dataclass
class _Load:
    """One load, inside its transaction. ``completed``: links were filled in by an UPDATE."""

    connection: sa.Connection
    project: Project
    layouts: Layouts
    batches: dict[sa.Table, TableRows]
    differences: dict[sa.Table, Differences] = field(default_factory=dict)
    completed: set[sa.Table] = field(default_factory=set)
    changed_by_trigger: list[str] = field(default_factory=list)

    def run(self) -> tuple[int, int, tuple[str, ...]]:
        require_targets(self.connection, self.batches, self.layouts)
        for table, batch in self.batches.items():
            self.differences[table] = differing(self.connection, batch.layout, batch.rows)
        new = self._insert()
        changed = self._update()
        self._verify()
        self._check_links()
        backends.check_deferred(self.connection)
        fields = [field for batch in self.batches.values() for field in batch.layout.all_fields]
        own = [field.column for field in fields if not field.column.foreign_keys]
        backends.advance_sequences(self.connection, own)
        return new, changed, tuple(self.changed_by_trigger)

    def _new_rows(self, table: sa.Table) -> list[Row]:
        batch = self.batches[table]
        missing = self.differences[table].missing
        return [*(batch.rows[key] for key in missing), *batch.loose]

    def _insert(self) -> int:
        count = 0
        pending = {
            table: (batch.layout, self._new_rows(table)) for table, batch in self.batches.items()
        }
        postponed: list[tuple[Layout, dict[Row, tuple[str, ...]]]] = []
        plans = []
        for table, batch in self.batches.items():
            _, rows = pending.pop(table)
            made = plan(batch.layout, rows, pending, partial(backends.defers, self.connection))
            if made.stuck and not backends.stop_checking(self.connection):
                row, link = made.stuck[0]
                names = ", ".join(batch.layout.names(link.columns))
                raise FixtureError(
                    f"{describe(batch.layout, row)}: {names} leads back to "
                    "the row itself in a circle, and no row of the circle can be loaded first.",
                    "Let the column be null, or make its foreign key DEFERRABLE.",
                )
            plans.append((batch, made))
        for batch, made in plans:
            insert(self.connection, batch.layout, (_without(r, made.later) for r in made.order))
            count += len(made.order)
            for rows, often in ((batch.bag, True), (batch.links, False)):
                missing = lacking(self.connection, batch.layout, rows, often=often)
                insert(self.connection, batch.layout, missing)
                count += len(missing)
            postponed.append((batch.layout, made.later))
        for layout, later in postponed:
            update(self.connection, layout, list(later.items()), quietly=True)
            self.completed |= {layout.table} if later else set()
        return count

    def _update(self) -> int:
        count = 0
        for table, batch in self.batches.items():
            changed = self.differences[table].changed
            update(
                self.connection,
                batch.layout,
                [(batch.rows[key], tuple(names)) for key, names in changed.items()],
            )
            count += len(changed)
        return count

    def _verify(self) -> None:
        """Read back what was written: a column may hold less than the fixture says."""
        excused = self._a_trigger_fired()
        for table, batch in self.batches.items():
            before = self.differences[table]
            written: dict[Key, Row] = {
                key: batch.rows[key] for key in chain(before.missing, before.changed)
            }
            after = differing(self.connection, batch.layout, written)
            for key in after.missing:
                row = written[key]
                raise FixtureError(
                    f"{describe(batch.layout, row)}: the database did not keep the row under this "
                    "key."
                )
            for key, stored in after.changed.items():
                text = self._lost(batch.layout, written[key], stored)
                if excused:
                    self.changed_by_trigger.append(text)
                    continue
                lost = batch.layout.by_name[next(iter(stored))]
                raise FixtureError(text, why_less(lost, self.connection.dialect.name))

    def _a_trigger_fired(self) -> bool:
        """Whether what was written may have been changed by a trigger, on whatever table."""
        events = set()
        for table, found in self.differences.items():
            batch = self.batches[table]
            if found.missing or batch.loose or batch.bag or batch.links:
                events.add((table.name, "INSERT"))
            if found.changed or table in self.completed:
                events.add((table.name, "UPDATE"))
        return bool(events & backends.triggers(self.connection))

    def _lost(self, layout: Layout, row: Row, stored: dict[str, object]) -> str:
        name, value = next(iter(stored.items()))
        return (
            f"{describe(layout, row)}: the database holds {shown(value)} "
            f"for field '{name}', but the fixture says {shown(row.values[name])}."
        )

    def _check_links(self) -> None:
        """Also if no foreign key is declared, or the database does not enforce it."""
        from ..links.check import check_links
        from ..links.declared_links import LinkColumns, links_of

        links = links_of(self.project.mappers, self.project.tables)
        ours = [x for x in links if isinstance(x, LinkColumns) and x.child in self.batches]
        for result in check_links(self.connection, ours).results:
            for finding in result.findings:
                # What was broken before, on rows that the fixture does not name, stays so.
                origin = self._origin(self.batches[result.link.tables[0]], finding.key)
                if finding.kind == "dangling" and origin is not None:
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


def _without(row: Row, later: dict[Row, tuple[str, ...]]) -> Row:
    names = later.get(row)
    if not names:
        return row
    return Row({**row.values, **dict.fromkeys(names)}, row.origin)

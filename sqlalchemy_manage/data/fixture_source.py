"""The records of all fixtures of a load, but for those that are to be left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO

from ..errors import FixtureError
from .fixture_files import Fixture
from .fixtures import Record, read_fixture
from .json_text import levels, shown
from .record_layout import Layouts

# Of Python's 1000 calls some are needed for each level.
_DEEP = 200


@dataclass
class FixtureSource:
    """The records of all fixtures, as often as they are asked for."""

    fixtures: list[Fixture]
    stdin: IO[str] | None
    layouts: Layouts
    ignore_nonexistent: bool
    excluded: set[str]
    left_out: dict[str, None] = field(default_factory=dict)

    def records(self) -> Iterator[Record]:
        for fixture in self.fixtures:
            for record in read_fixture(fixture, self.stdin):
                if record.model.lower() in self.excluded:
                    continue
                known = self._existing(record) if self.ignore_nonexistent else record
                if known is not None:
                    yield known

    def _existing(self, record: Record) -> Record | None:
        layout = self.layouts.by_label.get(record.model.lower())
        if layout is None:
            self.left_out[f"model {shown(record.model)}"] = None
            return None
        fields = {}
        for name, value in record.fields.items():
            if name in layout.accepted or name in layout.relationships:
                fields[name] = value
            else:
                self.left_out[f"field {shown(name)} of {layout.label}"] = None
        if len(fields) == len(record.fields):
            return record
        return replace(record, fields=fields) if fields or record.pk is not None else None

    def nested_too_deeply(self) -> FixtureError | None:
        """The error for the record that is nested most deeply; None if that is not deep at all."""
        depth = 0
        for record in self.records():
            if (found := levels([record.pk, record.fields])) > depth:
                depth, origin = found, record.origin
        return FixtureError(f"{origin}: nested too deeply.") if depth > _DEEP else None

    def notes(self) -> list[str]:
        return [f"Left out, because it does not exist: {name}." for name in self.left_out]

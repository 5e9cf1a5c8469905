"""The records of all fixtures of a load, but for those that are to be left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO

from .fixture_files import Fixture
from .fixtures import Record, read_fixture
from .json_text import shown
from .record_layout import Layouts


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

    def notes(self) -> list[str]:
        return [f"Left out, because it does not exist: {name}." for name in self.left_out]

"""Records in blocks that fit into memory, and those that wait for others, in a file."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType

from .fixtures import Record

RECORDS = 4000
_SIZE = 1 << 21


def blocks(records: Iterable[Record]) -> Iterator[tuple[list[Record], bool]]:
    """``records`` in lists, and with each whether it is the last; one empty list for none."""
    block: list[Record] = []
    size = 0
    for record in records:
        if len(block) >= RECORDS or size >= _SIZE:
            yield block, False
            block, size = [], 0
        block.append(record)
        size += record.size
    yield block, True


class WaitingRecords:
    """Records in a temporary file, in their order."""

    def __init__(self) -> None:
        self.count = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> WaitingRecords:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, records: Iterable[Record]) -> None:
        for record in records:
            # Of all ways only this keeps each digit of a number; nobody else can write the file.
            pickle.dump(record, self._file)
            self.count += 1

    def __iter__(self) -> Iterator[Record]:
        self._file.seek(0)
        for _ in range(self.count):
            yield pickle.load(self._file)

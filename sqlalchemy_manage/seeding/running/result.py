"""What a run has written, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Seeded:
    """What was written: rows per table, and in how many seconds.

    ``generating``: seconds of processor time in which rows were made, of all processes
    together. ``slow``: factory -> why factory_boy made its rows one by one. ``changed``:
    reference rows that got new values. ``recorded``: the run is in the ledger and can be
    undone; it is not where the settings have LEDGER = False.
    """

    run: int
    rows: dict[str, int]
    seconds: float
    generating: float
    random_seed: int
    slow: dict[str, str] = field(default_factory=dict)
    changed: int = 0
    recorded: bool = True

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    @property
    def rate(self) -> float:
        """Rows a second, link rows included."""
        return self.total / self.seconds if self.seconds else 0.0


@dataclass
class Progress:
    """What has been done so far, for whoever continues after an interruption.

    ``share``: the place of the factory plan, as the ledger calls it.
    """

    share: int = 0
    chunk: int = 0
    counters: dict[str, int] = field(default_factory=dict)

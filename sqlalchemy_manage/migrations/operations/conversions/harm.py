"""What a change of type does to values, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....fitting import count as counted

_LONGEST = 60


@dataclass(frozen=True)
class Harm:
    """Values that a change of type does not leave as they are, and one of them.

    ``refused``: the new type cannot hold them at all; else ``becomes`` is what the example
    would be, and ``back`` what a rollback would make of that. ``count`` is None where only
    the server has looked, which says ``why``.
    """

    column: str
    type: str
    count: int | None
    refused: bool
    key: str = ""
    value: Any = None
    becomes: Any = None
    back: Any = None
    why: str = ""

    def __str__(self) -> str:
        many = "A value" if self.count is None else counted(self.count, "value")
        where = f" ({self.key})" if self.key else ""
        if self.refused:
            example = f": {self.why}" if self.why else f", for example {shown(self.value)}{where}"
            return f"{many} of {self.column} cannot become {self.type}{example}."
        example = f"for example {shown(self.value)}{where} would become {shown(self.becomes)}"
        if shown(self.becomes) == shown(self.value):
            example += ", and after a rollback"
        elif self.back != self.becomes:
            example += f", and after a rollback {shown(self.back)}"
        return f"{many} of {self.column} would not survive as {self.type}, {example}."


def shown(value: Any) -> str:
    """A value in words, cut where it is long; a text has quotes."""
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

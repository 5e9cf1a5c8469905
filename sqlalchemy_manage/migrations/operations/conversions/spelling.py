"""SQL that spells a value anew, the same on every database; a value is SQL too."""

from __future__ import annotations


def hexadecimal(text: str) -> str:
    """A Uuid's text as SQLAlchemy stores it where there is no UUID type: 32 digits."""
    return f"lower(replace({text}, '-', ''))"


def dashed(digits: str, *, concat: bool = False) -> str:
    """Those 32 digits with hyphens; ``concat`` where ``||`` means another thing."""
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    pieces = [f"substr({digits}, {start}, {length})" for start, length in parts]
    return "concat(" + ", '-', ".join(pieces) + ")" if concat else " || '-' || ".join(pieces)

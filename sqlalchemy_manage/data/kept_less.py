"""Why a column holds another value than it was given, in the words of the database in use."""

from __future__ import annotations

from .. import advice
from ..sql.dialects import MARIADB
from .record_layout import Field


def why_less(field: Field, dialect: str) -> str:
    """What usually makes this column keep less than a fixture says, and what keeps all of it."""
    kind = field.codec.kind
    if dialect == "sqlite" and kind == "numeric":
        return (
            "SQLite keeps a NUMERIC as a float of about 15 digits. A TypeDecorator over String "
            "keeps every digit."
        )
    if dialect in MARIADB and kind in ("datetime", "time"):
        return "MariaDB's DATETIME and TIME drop fractions of a second; fsp=6 keeps them."
    if dialect != "sqlite" and kind == "float":
        return "A FLOAT or REAL of four bytes keeps about 7 digits. Double keeps about 15."
    return (
        f"The column {field.column} of the database holds less than its model says. "
        f"{advice.COMPARE_SCHEMA} shows whether the models match the schema."
    )

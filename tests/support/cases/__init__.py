"""All cases: what is changed, by a name that says it."""

from __future__ import annotations

from support.cases.case import Case
from support.cases.changes import CHANGES, REQUIRED
from support.cases.columns import COLUMNS
from support.cases.names import HARD_NAMES, OWN_NAMES
from support.cases.tables import TABLES
from support.cases.unseen import UNSEEN

KINDS = {
    "a column renamed": COLUMNS,
    "a table renamed": TABLES,
    "renamed": OWN_NAMES,
    "a hard name": HARD_NAMES,
    "a column NOT NULL added": REQUIRED,
    "changed": CHANGES,
    "not seen by Alembic": UNSEEN,
}
CASES: dict[str, Case] = {
    f"{kind}, {name}": case for kind, found in KINDS.items() for name, case in found.items()
}

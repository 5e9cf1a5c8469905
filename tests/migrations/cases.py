"""All cases: what is changed, by a name that says it."""

from __future__ import annotations

from cases_changes import CHANGES, REQUIRED
from cases_columns import COLUMNS
from cases_tables import NAMES, TABLES, THINGS
from harness import Case

KINDS = {
    "a column renamed": COLUMNS,
    "a table renamed": TABLES,
    "renamed": THINGS,
    "a hard name": NAMES,
    "a column NOT NULL added": REQUIRED,
    "changed": CHANGES,
}
CASES: dict[str, Case] = {
    f"{kind}, {name}": case for kind, found in KINDS.items() for name, case in found.items()
}

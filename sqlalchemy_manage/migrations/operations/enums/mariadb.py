"""Changes of Enum columns on MariaDB and MySQL, where the values are part of the column.

The column is restated as SHOW CREATE TABLE gives it, with another type: collation, comment
and everything else stay. A value in use is replaced in three steps: a type with old and
new values, the rows, the type with the new values; each can be repeated after a crash.
"""

from __future__ import annotations

import re

from ....errors import MigrationError
from ....sql.raw import shown_columns
from ....sql.tokens import quoted
from .change import EnumChange

_STRING = r"'(?:[^'\\]|''|\\.)*'"
_TYPE = re.compile(rf"\s*\w+(?:\s*\((?:{_STRING}|[^()'])*\))?")
_DEFAULT = re.compile(
    rf"\s+DEFAULT\s+(?:{_STRING}|\((?:{_STRING}|[^()'])*\)|[\w.+-]+(?:\(\d*\))?)", re.IGNORECASE
)


_COLLATED = re.compile(r"\s+(?:CHARACTER SET|COLLATE)\s+\S+", re.IGNORECASE)


def alter(step: EnumChange) -> None:
    """Bring the column from the old form to the new one."""
    old, new, write = step.old, step.new, step.write
    if new.native and new.values is None:
        return  # it is unknown what it was before; one value more does no harm
    step.refuse_lost_values()
    for name in step.checks():
        write.execute(f"ALTER TABLE {step.table} DROP CONSTRAINT {write.name(name)}")
    between = _between(step)
    if between is not None:
        _modify(step, between, False)
    step.update_rows()
    if between is not None or old.sql != new.sql or step.default() is not False:
        _modify(step, new.sql, step.default())
    if check := step.check():
        write.execute(f"ALTER TABLE {step.table} ADD {check}")


def _between(step: EnumChange) -> str | None:
    """The type that rows go through on their way; None where they need not."""
    old, new = step.old, step.new
    both = list(dict.fromkeys([*(old.values or ()), *step.mapping.values()]))
    text = f"VARCHAR({max(map(len, both), default=255)})"
    if old.native != new.native:
        # A number would be taken for the position of a value, and the other way round.
        other = new.sql if old.native else old.sql
        return None if re.match(r"VARCHAR|CHAR|\w*TEXT", other) and not step.mapping else text
    if not step.mapping:
        return None
    if not old.native:
        return None if (old.length or 0) >= (new.length or 0) else new.sql
    if len({value.casefold() for value in both}) == len(both):
        return f"ENUM({step.write.literals(both)})"
    return text  # where only the case changes, the type would have the same value twice


def _modify(step: EnumChange, type_: str, default: str | bool | None) -> None:
    rest = _as_declared(step) if step.write.offline else _as_stored(step)
    if default is not False:
        rest = _DEFAULT.sub("", rest, count=1)
        if default is not None:
            rest = f" DEFAULT {default}{rest}"
    if _COLLATED.search(type_):
        rest = _COLLATED.sub("", rest)
    step.write.execute(f"ALTER TABLE {step.table} MODIFY {step.column} {type_}{rest}")


def _as_declared(step: EnumChange) -> str:
    """What follows the type, from what the operation says; for ``--sql``."""
    nullable = step.op.existing_nullable
    default = step.existing_default()
    rest = " NOT NULL" if nullable is False else " NULL"
    return rest + (f" DEFAULT {default}" if default else "")


def _as_stored(step: EnumChange) -> str:
    """What follows the type, from the database."""
    columns = shown_columns(step.write.connection, step.table)
    definition = columns.get(quoted(step.op.column_name, "`"))
    if definition is None:
        raise MigrationError(f"{step.op.table_name} has no column {step.op.column_name}.")
    match = _TYPE.match(definition)
    assert match is not None, definition
    return definition[match.end() :]

"""Changes of Enum columns on PostgreSQL, where an enum is a type of its own.

A value is added and renamed in place, which touches no row. Such a new value cannot be
used before the transaction ends ("unsafe use of new value"), and a value cannot be taken
away or moved at all: then the type is recreated under its name and every column that has
it is rewritten, under an exclusive lock, but within the revision's transaction.
"""

from __future__ import annotations

from .change import TEXT, EnumChange
from .postgresql_types import (
    add_missing,
    add_values,
    create_type,
    drop_type,
    note_made,
    rename_values,
)
from .rewrite import make_anew, rewrite
from .types import Key


def alter(step: EnumChange) -> None:
    """Bring the column, and with it the type, from the old form to the new one."""
    old, new, write = step.old, step.new, step.write
    if old.native and new.native and old.key == new.key and old.array == new.array:
        assert new.key is not None
        if old.values is None or new.values is None:
            add_missing(write, new.key, new.values or ())
        elif old.values != new.values:
            _change_values(step, new.key)
        note_made(write, new.key)
        _set_default(step)
        return
    step.refuse_lost_values(text=TEXT[old.array])
    for name in step.checks():
        write.execute(f"ALTER TABLE {step.table} DROP CONSTRAINT {write.name(name)}")
    if old.native or new.native:
        if new.native:
            assert new.key is not None and new.values is not None
            create_type(write, new.key, new.values)
        rewrite(step)
        if old.native:
            assert old.key is not None
            drop_type(write, old.key)
    else:
        _alter_text(step)
    _set_default(step)
    if check := step.check():
        write.execute(f"ALTER TABLE {step.table} ADD {check}")


def _alter_text(step: EnumChange) -> None:
    old, new = step.old, step.new
    type_ = f"ALTER TABLE {step.table} ALTER COLUMN {step.column} TYPE {new.sql}"
    grows = old.length is not None and (new.length is None or new.length > old.length)
    if grows:
        step.write.execute(type_)
    step.update_rows()
    if old.sql != new.sql and not grows:
        step.write.execute(type_)


def _set_default(step: EnumChange) -> None:
    default = step.default()
    if default is not False:
        what = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
        step.write.execute(f"ALTER TABLE {step.table} ALTER COLUMN {step.column} {what}")


def _change_values(step: EnumChange, key: Key) -> None:
    write, old, new = step.write, list(step.old.values or ()), list(step.new.values or ())
    known = write.operations.get_context().impl.memo.setdefault("enum values", {})
    if known.get(key) == new and not write.offline:
        return  # another column of the type came before this one
    again = known.get(key) == new
    known[key] = new
    renamed = [step.mapping.get(value, value) for value in old]
    in_place = len(set(renamed)) == len(renamed) and not step.op.postgresql_rewrite
    if in_place and [value for value in new if value in renamed] == renamed:
        if not again:
            rename_values(write, key, old, step.mapping)
            add_values(write, key, renamed, new)
        return
    make_anew(step, key, again)

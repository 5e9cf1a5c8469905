"""Changes of Enum columns on SQLite, where they are VARCHAR, with or without a CHECK."""

from __future__ import annotations

from ...schema.create_table import CreateTable
from ..sqlite.rebuild import rebuild_edited
from .change import EnumChange


def alter(step: EnumChange) -> None:
    """Bring the column from the old form to the new one."""
    old, new, op = step.old, step.new, step.op
    step.refuse_lost_values()
    check, default = step.check(), step.default()
    if old.sql == new.sql and default is False and not (old.checked or check):
        step.update_rows()
        return

    def edit(table: CreateTable) -> None:
        if old.sql != new.sql:
            table.set_type(op.column_name, new.sql)
        if default is not False:
            table.set_default(op.column_name, default)
        if old.checked:
            table.drop_checks(step.lists_old_values)
        if check is not None:
            table.add(check)

    values = {op.column_name: step.mapping}
    rebuild_edited(step.write.operations, op.schema, op.table_name, edit, values)

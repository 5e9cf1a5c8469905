"""employee.updated_at, kept by a trigger: raw DDL, one per dialect.

The trigger sets the time (UTC) on every update of an employee, unless the update itself
sets updated_at: a fixture or a restored row keeps the time it came with.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_employee_updated_at"
down_revision = "0002_department_employee_link"
branch_labels = None
depends_on = None

_SQLITE_UP = [
    """
    CREATE TRIGGER employee_set_updated_at AFTER UPDATE ON employee
    FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at
    BEGIN
        UPDATE employee SET updated_at = datetime('now') WHERE id = NEW.id;
    END
    """,
]
_POSTGRESQL_UP = [
    """
    CREATE FUNCTION employee_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
            NEW.updated_at = date_trunc('second', timezone('utc', clock_timestamp()));
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER employee_set_updated_at BEFORE UPDATE ON employee
    FOR EACH ROW EXECUTE FUNCTION employee_set_updated_at()
    """,
]
_MARIADB_UP = [
    """
    CREATE TRIGGER employee_set_updated_at BEFORE UPDATE ON employee
    FOR EACH ROW SET NEW.updated_at =
        IF(NEW.updated_at <=> OLD.updated_at, UTC_TIMESTAMP(), NEW.updated_at)
    """,
]
UP = {
    "sqlite": _SQLITE_UP,
    "postgresql": _POSTGRESQL_UP,
    "mysql": _MARIADB_UP,
    "mariadb": _MARIADB_UP,
}
DOWN = {
    "sqlite": ["DROP TRIGGER employee_set_updated_at"],
    "postgresql": [
        "DROP TRIGGER employee_set_updated_at ON employee",
        "DROP FUNCTION employee_set_updated_at()",
    ],
    "mysql": ["DROP TRIGGER employee_set_updated_at"],
    "mariadb": ["DROP TRIGGER employee_set_updated_at"],
}


def upgrade() -> None:
    op.add_column("employee", sa.Column("updated_at", sa.DateTime(), nullable=True))
    for statement in UP[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN[op.get_context().dialect.name]:
        op.execute(statement)
    op.drop_column("employee", "updated_at")

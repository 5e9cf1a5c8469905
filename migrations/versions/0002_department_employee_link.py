"""The forgotten many-to-many link; no row of the two tables is touched."""

import sqlalchemy as sa
from alembic import op

revision = "0002_department_employee_link"
down_revision = "0001_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "department_employee_link",
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name="fk_department_employee_link_department_id_department",
        ),
        sa.ForeignKeyConstraint(
            ["employee_id"],
            ["employee.id"],
            name="fk_department_employee_link_employee_id_employee",
        ),
        sa.PrimaryKeyConstraint("department_id", "employee_id"),
    )


def downgrade() -> None:
    op.drop_table("department_employee_link")

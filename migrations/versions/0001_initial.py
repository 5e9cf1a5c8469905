"""The two tables as the program without migrations made them."""

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None

# MariaDB wants a length for a VARCHAR; SQLite and PostgreSQL take it without.
Name = sa.String().with_variant(sa.String(255), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "department",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", Name, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "employee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", Name, nullable=True),
        sa.Column("hired_on", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("employee")
    op.drop_table("department")

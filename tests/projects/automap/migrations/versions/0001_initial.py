"""Tables that are older than the models."""

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "writer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
    )
    op.create_table(
        "text",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("writer_id", sa.Integer, sa.ForeignKey("writer.id"), nullable=False, index=True),
    )
    op.create_table(
        "tag",
        sa.Column("label", sa.String(20), primary_key=True),
        sa.Column("text_id", sa.Integer, sa.ForeignKey("text.id"), index=True),
    )


def downgrade() -> None:
    op.drop_table("tag")
    op.drop_table("text")
    op.drop_table("writer")

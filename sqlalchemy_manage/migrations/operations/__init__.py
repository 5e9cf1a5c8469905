"""Operations that Alembic lacks, and its own with what they lose put right."""

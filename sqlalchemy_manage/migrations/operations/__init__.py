"""Operations that Alembic does not have, and fixes for what its own ones lose."""

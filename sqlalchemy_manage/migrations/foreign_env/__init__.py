"""An env.py of another tool: what it passes to Alembic is kept, and it runs no revision."""

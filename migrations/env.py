"""Alembic's entry. The database, the models and the transaction recipe come from the settings."""

from alembic import context

from sqlalchemy_manage import run_env

run_env(context)

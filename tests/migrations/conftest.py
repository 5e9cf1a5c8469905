"""Alembic knows our operations and comparators here, as it does in every run of env.py."""

from sqlalchemy_manage.migrations.autogenerate.plugins import register

register()

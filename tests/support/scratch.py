"""What the tests of scratch databases share; their fixtures are in scratch_fixtures."""

from __future__ import annotations

import sqlalchemy as sa

from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.databases.engines import create_engine
from support.databases import user_tables

OURS = {"department", "department_employee_link", "employee"}
STOPPED = {
    "postgresql": "postgresql://somebody@127.0.0.1:1/nowhere",
    "mariadb": "mariadb://somebody@127.0.0.1:1/nowhere",
}

DATABASES = {
    "postgresql": "SELECT datname FROM pg_database",
    "mariadb": "SHOW DATABASES",
}
TABLE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'


def tables(database: Database) -> set[str]:
    engine = create_engine(database, None, poolclass=sa.NullPool)
    return user_tables(engine)

"""The table in which the keys of seeded rows are recorded, and the names that it knows them by.

``seed`` writes it; ``migrate`` keeps its names right, so that rows are found after a rename.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from ..databases.bookkeeping import OwnTable
from ..databases.engines import OWN_TABLE

# MySQL's and MariaDB's TEXT ends at 64 KB.
LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
_COLUMNS = sa.Table(
    "sqlalchemy_manage_seed_keys",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Integer, nullable=False, index=True),
    sa.Column("table_name", sa.String(255), nullable=False),
    sa.Column("key_columns", LongText, nullable=False, comment="JSON"),
    sa.Column("chunk", sa.String(255), nullable=False),
    sa.Column("row_count", sa.Integer, nullable=False),
    # MySQL and MariaDB make a MEDIUMBLOB of this length; BLOB alone ends at 64 KB.
    sa.Column("packed", sa.LargeBinary(2**24 - 1), nullable=False, comment="see packing.py"),
    **OWN_TABLE,
)
SEED_KEYS = OwnTable(_COLUMNS)

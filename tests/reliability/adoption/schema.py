"""Print the schema of an SQLite file, one line for each thing, sorted; no ledger of this tool."""

import sys

import sqlalchemy as sa

inspector = sa.inspect(sa.create_engine(f"sqlite:///{sys.argv[1]}"))
lines = []
for table in inspector.get_table_names():
    if table.startswith("sqlalchemy_manage_"):
        continue
    for column in inspector.get_columns(table):
        null = "NULL" if column["nullable"] else "NOT NULL"
        lines.append(f"{table}.{column['name']} {column['type']!r} {null}")
    lines.append(f"{table} key {inspector.get_pk_constraint(table)['constrained_columns']}")
    for link in inspector.get_foreign_keys(table):
        target = f"{link['referred_table']}{link['referred_columns']}"
        lines.append(f"{table} link {link['constrained_columns']} {target} {link['options']}")
    for unique in inspector.get_unique_constraints(table):
        lines.append(f"{table} unique {unique['column_names']}")
    for index in inspector.get_indexes(table):
        lines.append(f"{table} index {index['name']} {index['column_names']} {index['unique']}")
print("\n".join(sorted(lines)))

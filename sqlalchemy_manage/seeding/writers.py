"""STUB until the real one arrives."""
from __future__ import annotations
from dataclasses import dataclass
from typing import Any
import sqlalchemy as sa

@dataclass(frozen=True)
class Block:
    table: str
    columns: tuple[str, ...]
    count: int
    payload: Any

class Encoder:
    def __init__(self, dialect): self.dialect = dialect
    def encode(self, table, columns, values):
        return Block(table.fullname, tuple(columns), len(values[0]), [list(v) for v in values])

class Writer:
    def __init__(self, connection, tables): self.connection, self.tables = connection, tables
    def send(self, block):
        if block.count:
            self.connection.execute(self.tables[block.table].insert(), [dict(zip(block.columns, r)) for r in zip(*block.payload)])
    def update(self, table, set_columns, values, key_columns, keys):
        st = table.update().where(*[table.c[k] == sa.bindparam("k_" + k) for k in key_columns]).values({c: sa.bindparam("v_" + c) for c in set_columns})
        self.connection.execute(st, [dict(zip(["v_" + c for c in set_columns] + ["k_" + k for k in key_columns], r)) for r in zip(*values, *keys)])
    def finish(self): pass

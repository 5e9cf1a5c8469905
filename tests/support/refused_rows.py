"""A table that refuses rows, and the rows that every database refuses."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()
parent = sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True))
thing = sa.Table(
    "row_of_things",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(3), unique=True),
    sa.Column("label", sa.String(9), nullable=False, server_default="x"),
    sa.Column("price", sa.Integer),
    sa.Column("a", sa.Integer),
    sa.Column("b", sa.Integer),
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id", name="fk_parent")),
    sa.CheckConstraint("price >= 0", name="ck_price"),
    sa.UniqueConstraint("a", "b", name="uq_a_b"),
)
# Values, the kind of refusal, and the columns that are to blame.
REFUSED: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"code": "one"}, "UNIQUE", ("code",)),
    ({"id": 1}, "UNIQUE", ("id",)),
    ({"a": 1, "b": 1}, "UNIQUE", ("a", "b")),
    ({"label": None}, "NOT NULL", ("label",)),
    ({"price": -1}, "CHECK", ("price",)),
    ({"parent_id": 9}, "FOREIGN KEY", ("parent_id",)),
    ({"code": "four"}, "too long", ("code",)),
]

import sqlalchemy as sa
from sqlalchemy.orm import registry, relationship

from . import domain

mapper_registry = registry()
metadata = mapper_registry.metadata

products = sa.Table(
    "products",
    metadata,
    sa.Column("sku", sa.String(60), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
)
lines = sa.Table(
    "lines",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("sku", sa.String(60)),
    sa.Column("qty", sa.Integer, nullable=False),
)
batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("reference", sa.String(60)),
    sa.Column("sku", sa.ForeignKey("products.sku"), index=True),
    sa.Column("_purchased", sa.Integer, nullable=False),
    sa.Column("eta", sa.Date, nullable=True),
)
allocations = sa.Table(
    "allocations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("line_id", sa.ForeignKey("lines.id"), index=True),
    sa.Column("batch_id", sa.ForeignKey("batches.id"), index=True),
)

mapper_registry.map_imperatively(domain.Line, lines, properties={"quantity": lines.c.qty})
mapper_registry.map_imperatively(
    domain.Batch,
    batches,
    properties={"lines": relationship(domain.Line, secondary=allocations)},
)
mapper_registry.map_imperatively(
    domain.Product, products, properties={"batches": relationship(domain.Batch)}
)

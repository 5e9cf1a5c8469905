import sqlalchemy as sa
from sqlalchemy.orm import registry

metadata = sa.MetaData()
event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("what", sa.String(30), nullable=False),
    sa.Column("seen", sa.DateTime),
)


class Event:
    pass


registry(metadata=metadata).map_imperatively(Event, event)

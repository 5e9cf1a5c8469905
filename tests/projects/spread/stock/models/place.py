import sqlalchemy as sa
from common.base import Base
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .item import Item


class Place(Base):
    __tablename__ = "place"
    id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int]
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("item.id"), index=True)
    item: Mapped[Item] = relationship()

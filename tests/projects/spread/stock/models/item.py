import sqlalchemy as sa
from common.base import Base
from sqlalchemy.orm import Mapped, mapped_column


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(60))

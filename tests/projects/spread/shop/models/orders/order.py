import sqlalchemy as sa
from common.base import Base
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..customer import Customer


class Order(Base):
    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    customer: Mapped[Customer] = relationship(back_populates="orders")

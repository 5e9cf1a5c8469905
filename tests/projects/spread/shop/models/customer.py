import sqlalchemy as sa
from common.base import Base, Country
from sqlalchemy.orm import Mapped, mapped_column, relationship


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50))
    country_code: Mapped[str] = mapped_column(sa.ForeignKey("country.code"), index=True)
    country: Mapped[Country] = relationship()
    orders: Mapped[list["Order"]] = relationship(back_populates="customer")  # noqa: F821

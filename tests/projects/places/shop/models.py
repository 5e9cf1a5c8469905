from blog.models import Base
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column


class Item(Base):
    __tablename__ = "shop_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)

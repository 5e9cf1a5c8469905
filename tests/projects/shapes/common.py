from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


class Base(DeclarativeBase):
    @declared_attr.directive
    def __tablename__(cls) -> str:
        return f"t_{cls.__name__.lower()}"


class Row(Base):
    """A row that most declarations fit in."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None] = mapped_column(String(200))
    more: Mapped[str | None] = mapped_column(String(200))
    number: Mapped[int | None]

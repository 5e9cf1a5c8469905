from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from till.models import Shift


class OtherBase(DeclarativeBase):
    pass


class Ghost(OtherBase):
    __tablename__ = "ghost"

    id: Mapped[int] = mapped_column(primary_key=True)


class GhostFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Ghost


class ShiftFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Shift

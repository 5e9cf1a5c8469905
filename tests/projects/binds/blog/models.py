from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Visit(Base):
    """In the other database, by its class; it knows a user by the key alone."""

    __bind_key__ = "log"
    __tablename__ = "visit"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    user: Mapped[User] = relationship()
    pages: Mapped[list["Page"]] = relationship(secondary="visit_page")


class Page(Base):
    __bind_key__ = "log"
    __tablename__ = "page"

    id: Mapped[int] = mapped_column(primary_key=True)


# Where both classes are, though nothing says so here.
visit_page = Table(
    "visit_page",
    Base.metadata,
    Column("visit_id", ForeignKey("visit.id"), primary_key=True),
    Column("page_id", ForeignKey("page.id"), primary_key=True),
)

# A second MetaData, as Flask-SQLAlchemy has one for each bind, with a table of the same name.
events = MetaData(info={"bind_key": "log"})
Table("user", events, Column("id", Integer, primary_key=True), Column("seen", Integer))

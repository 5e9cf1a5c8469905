"""Relationships that no constraint keeps, keys filled in part, and names that Python has not."""

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, backref, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(80))
    boss_email: Mapped[str | None] = mapped_column(String(80))
    boss = relationship(
        "Customer", primaryjoin="foreign(Customer.boss_email) == remote(Customer.email)"
    )
    tags = relationship(
        "Tag",
        primaryjoin="and_(Customer.id == foreign(Tag.object_id), Tag.kind == 'customer')",
        overlaps="tags",
    )
    profile = relationship("Profile", uselist=False)


class Supplier(Base):
    __tablename__ = "supplier"
    code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tags = relationship(
        "Tag",
        primaryjoin="and_(Supplier.code == foreign(Tag.object_id), Tag.kind == 'supplier')",
        overlaps="tags",
    )


class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[int]


class Profile(Base):
    __tablename__ = "profile"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))


class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    previous_id: Mapped[int | None]
    previous = relationship(
        "Post",
        primaryjoin="foreign(Post.previous_id) == remote(Post.id)",
        backref=backref("next", uselist=False),
    )


class Left(Base):
    __tablename__ = "left"
    id: Mapped[int] = mapped_column(primary_key=True)
    right_id: Mapped[int]
    right = relationship("Right", primaryjoin="foreign(Left.right_id) == Right.id")


class Right(Base):
    __tablename__ = "right"
    id: Mapped[int] = mapped_column(primary_key=True)
    left_id: Mapped[int | None]
    left = relationship("Left", primaryjoin="foreign(Right.left_id) == Left.id")


class User(Base):
    __tablename__ = "user"
    tenant: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ApiKey(Base):
    """A tenant's key: which user made it is not always known."""

    __tablename__ = "api_key"
    __table_args__ = (ForeignKeyConstraint(["tenant", "user_id"], ["user.tenant", "user.id"]),)
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[int]
    user_id: Mapped[int | None]
    user = relationship("User")


class Team(Base):
    __tablename__ = "team"
    tenant: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    members = relationship("User", secondary="team_user")


team_user = Table(
    "team_user",
    Base.metadata,
    Column("tenant", primary_key=True),
    Column("team_id", primary_key=True),
    Column("user_id", primary_key=True),
    ForeignKeyConstraint(["tenant", "team_id"], ["team.tenant", "team.id"]),
    ForeignKeyConstraint(["tenant", "user_id"], ["user.tenant", "user.id"]),
)


class Odd(Base):
    """Attributes that are no names in Python."""

    __table__ = Table(
        "odd",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("from", String(20), nullable=False),
        Column("E-Mail", String(80), nullable=False),
    )


class Plain(Base):
    """Rows that are made one by one: the constructor may do anything."""

    __abstract__ = True

    def __init__(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self, name, value)


class Board(Plain):
    __tablename__ = "board"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("board.id"))
    last_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id", use_alter=True))
    parent = relationship("Board", remote_side=[id])
    last = relationship("Thread", foreign_keys=[last_id], post_update=True)


class Thread(Plain):
    """Needs a board, and may name a post, which needs a thread."""

    __tablename__ = "thread"
    id: Mapped[int] = mapped_column(primary_key=True)
    board_id: Mapped[int] = mapped_column(ForeignKey("board.id"))
    first_id: Mapped[int | None] = mapped_column(
        ForeignKey("reply.id", use_alter=True), unique=True
    )
    board = relationship("Board", foreign_keys=[board_id])
    first = relationship("Reply", foreign_keys=[first_id], post_update=True)


class Reply(Plain):
    __tablename__ = "reply"
    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    thread = relationship("Thread", foreign_keys=[thread_id])


metadata = Base.metadata

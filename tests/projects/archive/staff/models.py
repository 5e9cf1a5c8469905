from __future__ import annotations

import os
import uuid

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, String, Table, event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.sql.functions import FunctionElement


class new_key(FunctionElement):
    """A random key, as each database makes one."""

    inherit_cache = True
    type = sa.Uuid()


@compiles(new_key, "sqlite")
def _(element, compiler, **kw):
    return "(lower(hex(randomblob(16))))"


@compiles(new_key, "postgresql")
def _(element, compiler, **kw):
    return "gen_random_uuid()"


@compiles(new_key, "mysql", "mariadb")
def _(element, compiler, **kw):
    return "(uuid())"


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Doc(Base):
    """The database makes its key."""

    __tablename__ = "doc"

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, server_default=new_key())
    title: Mapped[str] = mapped_column(String(40))


class Page(Base):
    """Refers to a row whose key the database makes, so that factory_boy creates both."""

    __tablename__ = "page"

    id: Mapped[int] = mapped_column(primary_key=True)
    doc_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doc.id"))

    doc: Mapped[Doc] = relationship()


class Bare(Base):
    """Nothing but a key that the database makes."""

    __tablename__ = "bare"

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, server_default=new_key())


class Entry(Base):
    """One part of the key is given, the other is made."""

    __tablename__ = "entry"

    tenant: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, server_default=new_key())


class Measure(Base):
    """The table has no key, and a column that the database fills."""

    __table__ = Table(
        "measure",
        metadata,
        Column("place", String(10)),
        Column("number", Integer),
        Column("weight", sa.Numeric(10, 2)),
        Column("at", Integer, server_default=sa.text("7")),
        Column("made", sa.DateTime, server_default=sa.func.now()),
    )
    __mapper_args__ = {"primary_key": [__table__.c.place, __table__.c.number]}


post_tag = Table(
    "post_tag",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("post_id", ForeignKey("post.id")),
    Column("tag_id", ForeignKey("tag.id")),
)
post_mark = Table(
    "post_mark",
    metadata,
    Column("post_id", ForeignKey("post.id")),
    Column("tag_id", ForeignKey("tag.id")),
    Column("added", Integer, server_default=sa.text("5")),
)


class Tag(Base):
    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class Post(Base):
    __tablename__ = "post"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))

    tags: Mapped[list[Tag]] = relationship(secondary=post_tag)
    marks: Mapped[list[Tag]] = relationship(secondary=post_mark)


class Job(Base):
    """Its link table is mapped too."""

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(primary_key=True)

    skills: Mapped[list[Tag]] = relationship(secondary="job_skill", overlaps="tag")


class JobSkill(Base):
    __tablename__ = "job_skill"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True)


class Audit(Base):
    """Filled by listeners."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    how: Mapped[str] = mapped_column(String(20))


class Total(Base):
    """A listener counts here: the first row is inserted, and updated from then on."""

    __tablename__ = "total"

    name: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int]


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


@event.listens_for(User, "after_insert")
def _audit(mapper, connection, user):
    table = Audit.__table__
    connection.execute(table.insert(), {"user_id": user.id, "how": "one"})
    connection.execute(table.insert(), [{"user_id": user.id, "how": "many"}] * 2)
    connection.execute(table.insert().values([{"user_id": user.id, "how": "values"}] * 2))
    chosen = sa.select(User.id, sa.literal("select")).where(User.id == user.id)
    connection.execute(table.insert().from_select(["user_id", "how"], chosen))
    text = sa.text("INSERT INTO audit (user_id, how) VALUES (:user, 'text')")
    connection.execute(text, {"user": user.id})
    connection.exec_driver_sql(f"INSERT INTO audit (user_id, how) VALUES ({user.id}, 'driver')")
    if "PAST" in os.environ:
        cursor = connection.connection.cursor()
        cursor.execute("INSERT INTO total (name, number) VALUES ('past', 1)")
        cursor.close()
    savepoint = connection.begin_nested()
    connection.execute(table.insert(), {"id": 100_000 * user.id, "how": "undone"})
    savepoint.rollback()
    on = (
        "DUPLICATE KEY" if connection.dialect.name in ("mysql", "mariadb") else "CONFLICT (name) DO"
    )
    connection.execute(
        sa.text(
            f"INSERT INTO total (name, number) VALUES ('users', 1) ON {on} UPDATE "
            + ("" if "KEY" in on else "SET ")
            + "number = total.number + 1"
        )
    )


class Letter(Base):
    """Triggers write its trail, to a table that no model has, and set its key."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(String(40))


class Team(Base):
    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)


class Fan(Base):
    """Refers to a team without a foreign key."""

    __tablename__ = "fan"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10))

    team: Mapped[Team] = relationship(primaryjoin="foreign(Fan.code) == Team.code")


class Sticker(Base):
    """A generic link: what it is on depends on its kind."""

    __tablename__ = "sticker"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    on_id: Mapped[int]

    team: Mapped[Team] = relationship(
        primaryjoin="and_(foreign(Sticker.on_id) == Team.id, Sticker.kind == 'team')",
        overlaps="tag",
    )
    tag: Mapped[Tag] = relationship(
        primaryjoin="and_(foreign(Sticker.on_id) == Tag.id, Sticker.kind == 'tag')",
        overlaps="team",
    )

"""A relationship is followed under its own whole condition: no false alarm, nothing missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import ForeignKey, String, and_, func
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    aliased,
    configure_mappers,
    foreign,
    mapped_column,
    relationship,
    remote,
)

from sqlalchemy_manage.links.check import Report, check_links
from sqlalchemy_manage.links.declared_links import links_of, not_judged
from sqlalchemy_manage.links.referrers import referrers, undeclared_links


class Base(DeclarativeBase):
    type_annotation_map = {str: String(20)}


class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    current: Mapped[bool] = mapped_column(default=True)


class Child(Base):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)


class Note(Base):
    """A generic link, told apart by a column; both relationships are on its side."""

    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    object_type: Mapped[str | None]
    object_id: Mapped[int | None]
    post: Mapped[Post | None] = relationship(
        primaryjoin="and_(foreign(Note.object_id) == Post.id, Note.object_type == 'post')",
        overlaps="child",
    )
    child: Mapped[Child | None] = relationship(
        primaryjoin="and_(foreign(Note.object_id) == Child.id, Note.object_type.in_(['child']))",
        overlaps="post",
    )
    video: Mapped[Customer | None] = relationship(
        primaryjoin="and_(foreign(Note.object_id) == Customer.id, Note.object_type == 'video')",
        viewonly=True,
    )


class Address(Base):
    """SQLAlchemy's example generic_fk: the backref leaves the condition out."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(primary_key=True)
    discriminator: Mapped[str]
    parent_id: Mapped[int]
    street: Mapped[str | None]


def has_addresses(class_: type[Any]) -> None:
    discriminator = class_.__name__.lower()
    class_.addresses = relationship(
        Address,
        primaryjoin=and_(
            class_.id == foreign(remote(Address.parent_id)),
            Address.discriminator == discriminator,
        ),
        backref=sa.orm.backref(
            f"parent_{discriminator}",
            primaryjoin=remote(class_.id) == foreign(Address.parent_id),
            overlaps="parent_customer,parent_supplier,addresses",
        ),
        overlaps="parent_customer,parent_supplier,addresses",
    )


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)


class Supplier(Base):
    __tablename__ = "supplier"
    id: Mapped[int] = mapped_column(primary_key=True)


has_addresses(Customer)
has_addresses(Supplier)

usr_post = sa.Table(
    "usr_post",
    Base.metadata,
    sa.Column("usr_id", ForeignKey("usr.id"), primary_key=True),
    sa.Column("post_id", ForeignKey("post.id"), primary_key=True),
    sa.Column("kind", String(5), primary_key=True),
)


class Usr(Base):
    """Conditions on the other side, two relationships over one link table, functions."""

    __tablename__ = "usr"
    id: Mapped[int] = mapped_column(primary_key=True)
    mail: Mapped[str | None]
    current_home: Mapped[Home | None] = relationship(
        primaryjoin=lambda: and_(Usr.id == Home.usr_id, Home.current == sa.true()), uselist=False
    )
    homes: Mapped[list[Home]] = relationship(back_populates="usr", overlaps="current_home")
    likes: Mapped[list[Post]] = relationship(
        secondary=usr_post,
        primaryjoin=lambda: and_(Usr.id == usr_post.c.usr_id, usr_post.c.kind == "like"),
        overlaps="saved",
    )
    saved: Mapped[list[Post]] = relationship(
        secondary=usr_post,
        secondaryjoin=lambda: and_(Post.id == usr_post.c.post_id, usr_post.c.kind == "save"),
        overlaps="likes",
    )
    same_mail: Mapped[list[Usr]] = relationship(
        primaryjoin=lambda: func.lower(Usr.mail) == func.lower(remote(foreign(Usr.mail))),
        viewonly=True,
    )
    messages: Mapped[list[Message]] = relationship(
        primaryjoin=lambda: sa.or_(Usr.id == Message.sender_id, Usr.id == Message.recipient_id),
        viewonly=True,
    )


class Home(Base):
    __tablename__ = "home"
    id: Mapped[int] = mapped_column(primary_key=True)
    usr_id: Mapped[int | None] = mapped_column(ForeignKey("usr.id"))
    current: Mapped[bool]
    usr: Mapped[Usr | None] = relationship(back_populates="homes", overlaps="current_home")


class Message(Base):
    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("usr.id"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("usr.id"))


class Node(Base):
    """A self-reference without a foreign key, among the rows of one kind; and a path."""

    __tablename__ = "node"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    up: Mapped[int | None]
    path: Mapped[str]
    parent: Mapped[Node | None] = relationship(
        primaryjoin=lambda: and_(
            foreign(Node.up) == remote(Node.id), Node.kind == "leaf", remote(Node.kind) == "inner"
        )
    )
    below: Mapped[list[Node]] = relationship(
        primaryjoin=lambda: remote(foreign(Node.path)).like(Node.path.concat("/%")),
        viewonly=True,
        order_by=lambda: Node.path,
    )


class Holder(Base):
    """Leads to an aliased class, and through a join."""

    __tablename__ = "holder"
    id: Mapped[int] = mapped_column(primary_key=True)
    usr_id: Mapped[int | None] = mapped_column(ForeignKey("usr.id"))


numbered = aliased(Home, sa.select(Home).where(Home.current).subquery())
Holder.home = relationship(numbered, primaryjoin=foreign(Holder.usr_id) == numbered.usr_id)
Holder.liked = relationship(
    Post,
    secondary=sa.join(Usr.__table__, usr_post, Usr.id == usr_post.c.usr_id),
    primaryjoin=Holder.usr_id == Usr.id,
    secondaryjoin=Post.id == usr_post.c.post_id,
    viewonly=True,
)
configure_mappers()
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)

CLEAN = [
    "INSERT INTO post (id, current) VALUES (3, true), (4, false)",
    "INSERT INTO child (id) VALUES (5)",
    "INSERT INTO note (id, object_type, object_id) VALUES"
    " (1, 'post', 3), (2, 'child', 5), (3, NULL, NULL), (4, 'post', NULL),"
    " (5, 'video', 99)",
    "INSERT INTO customer (id) VALUES (1), (2)",
    "INSERT INTO supplier (id) VALUES (2), (7)",
    "INSERT INTO address (id, discriminator, parent_id) VALUES"
    " (1, 'customer', 1), (2, 'supplier', 7), (3, 'customer', 2), (4, 'supplier', 2)",
    "INSERT INTO usr (id, mail) VALUES (1, 'A@x'), (2, 'a@x')",
    "INSERT INTO usr_post VALUES (1, 3, 'like'), (1, 3, 'save'), (1, 4, 'like'), (2, 3, 'own')",
    "INSERT INTO home (id, usr_id, current) VALUES (1, 1, true), (2, 1, false), (3, 1, false)",
    "INSERT INTO message (id, sender_id, recipient_id) VALUES (1, 1, 2), (2, 2, 2)",
    "INSERT INTO node (id, kind, up, path) VALUES"
    " (1, 'inner', 99, '1'), (2, 'leaf', 1, '1/2'), (3, 'leaf', NULL, '3')",
    "INSERT INTO holder (id, usr_id) VALUES (1, 1), (2, 2), (3, NULL)",
]
DAMAGES = {
    "UPDATE note SET object_id = 5 WHERE id = 1": (
        "note (id=1, object_id=5): no post with id=5 (dangling)"
    ),
    "UPDATE note SET object_type = 'ghost' WHERE id = 1": (
        "note (id=1, object_type='ghost', object_id=3): "
        "no relationship is for object_type='ghost' (unknown type)"
    ),
    "UPDATE address SET parent_id = 1 WHERE id = 2": (
        "address (id=2, parent_id=1): no supplier with id=1 (dangling)"
    ),
    "UPDATE home SET current = true": (
        "home (usr_id=1): occurs 3 times, and Usr.current_home is to one (several rows)"
    ),
    "UPDATE node SET up = 98 WHERE id = 2": "node (id=2, up=98): no node with id=98 (dangling)",
}


@pytest.fixture
def checked(engine: sa.Engine) -> Callable[..., Report]:
    def check(*damage: str) -> Report:
        Base.metadata.create_all(engine)
        with engine.connect() as connection:
            for statement in (*CLEAN, *damage):
                connection.exec_driver_sql(statement)
            return check_links(connection, links_of(MAPPERS, Base.metadata.sorted_tables))

    return check


def test_conditions_raise_no_false_alarm_and_hide_no_damage(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    links = links_of(MAPPERS, Base.metadata.sorted_tables)
    with engine.connect() as connection:
        for statement in CLEAN:
            connection.exec_driver_sql(statement)
        assert [f.message for f in check_links(connection, links).findings] == []
        for statement, message in DAMAGES.items():
            savepoint = connection.begin_nested()
            connection.exec_driver_sql(statement)
            found = [finding.message for finding in check_links(connection, links).findings]
            savepoint.rollback()
            assert found == [message], statement


def test_what_cannot_be_judged_is_told() -> None:
    assert {each.relationship for each in not_judged(MAPPERS)} == {
        "Usr.same_mail",
        "Node.below",
    }


def test_rows_that_refer_without_a_foreign_key(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    links = links_of(MAPPERS, Base.metadata.sorted_tables)
    with engine.connect() as connection:
        for statement in CLEAN:
            connection.exec_driver_sql(statement)
        found = [
            (each.link.child.name, each.key, each.to)
            for link in undeclared_links(links, Supplier.__table__)
            for each in referrers(connection, link, [(1,), (2,), (7,)])
        ]
    assert found == [("address", {"id": 2}, {"id": 7}), ("address", {"id": 4}, {"id": 2})]
    assert undeclared_links(links, Usr.__table__) == []

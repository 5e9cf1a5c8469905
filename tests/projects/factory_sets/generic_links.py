"""Attachments of any row: a type and an id, read through relationships with a condition."""


# %% models
class Ticket(Base):
    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))
    attachments: Mapped[list["Attachment"]] = relationship(
        primaryjoin="and_(Ticket.id == foreign(Attachment.object_id),"
        " Attachment.object_type == 'ticket')",
        viewonly=True,
    )


class Page(Base):
    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(50))


class Attachment(Base):
    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(primary_key=True)
    object_type: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[int]
    file: Mapped[str] = mapped_column(String(50))
    ticket: Mapped[Optional[Ticket]] = relationship(
        primaryjoin="and_(foreign(Attachment.object_id) == Ticket.id,"
        " Attachment.object_type == 'ticket')",
        viewonly=True,
    )
    page: Mapped[Optional[Page]] = relationship(
        primaryjoin="and_(foreign(Attachment.object_id) == Page.id,"
        " Attachment.object_type == 'page')",
        viewonly=True,
    )


# %% factories
class TicketFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Ticket
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "commit"

    title = factory.Sequence(lambda n: f"ticket {n}")


class PageFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Page
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "commit"

    path = factory.Sequence(lambda n: f"/page/{n}")


class AttachmentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Attachment
        sqlalchemy_session = Session
        abstract = True
        exclude = ["target"]

    object_id = factory.SelfAttribute("target.id")
    object_type = factory.LazyAttribute(lambda o: type(o.target).__tablename__)
    file = factory.Faker("file_name")


class TicketAttachmentFactory(AttachmentFactory):
    class Meta:
        model = Attachment

    target = factory.SubFactory(TicketFactory)


class PageAttachmentFactory(AttachmentFactory):
    class Meta:
        model = Attachment

    target = factory.SubFactory(PageFactory)


# %% counts
{"TicketFactory": 2, "TicketAttachmentFactory": 4, "PageAttachmentFactory": 3}


# %% equal
[
    "SELECT object_type, count(*), count(DISTINCT object_id) FROM attachment GROUP BY object_type",
    "SELECT count(DISTINCT t.title) FROM attachment a JOIN ticket t ON t.id = a.object_id"
    " WHERE a.object_type = 'ticket'",
    "SELECT p.path FROM attachment a JOIN page p ON p.id = a.object_id"
    " WHERE a.object_type = 'page'",
]

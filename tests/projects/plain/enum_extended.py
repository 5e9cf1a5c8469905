"""An Enum that gets a member."""


# %% before
class Status(enum.Enum):
    open = "open"
    closed = "closed"


class Ticket(Base):
    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Status]


# %% rows
{"ticket": [{"id": 1, "status": "open"}, {"id": 2, "status": "closed"}]}


# %% after
class Status(enum.Enum):
    open = "open"
    waiting = "waiting"
    closed = "closed"


class Ticket(Base):
    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Status] = mapped_column(index=True)


# %% django before
class Ticket(Model):
    status = CharField(max_length=10, choices=[("open", "open"), ("closed", "closed")])


# %% django after
class Ticket(Model):
    status = CharField(
        max_length=10,
        db_index=True,
        choices=[("open", "open"), ("waiting", "waiting"), ("closed", "closed")],
    )

"""persistence "flush": foreign keys given as numbers, taken from the parent's key."""


# %% models
class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))


class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[Optional[int]] = mapped_column(ForeignKey("customers.id"))
    ref: Mapped[str] = mapped_column(String(50))


class Reply(Base):
    __tablename__ = "replies"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[Optional[int]] = mapped_column(ForeignKey("tickets.id"))


# %% factories
class BaseFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "flush"


class CustomerFactory(BaseFactory):
    class Meta:
        model = Customer

    name = factory.Sequence(lambda n: f"customer {n}")


class TicketFactory(BaseFactory):
    class Meta:
        model = Ticket

    class Params:
        customer = factory.SubFactory(CustomerFactory)

    customer_id = factory.SelfAttribute("customer.id")
    ref = factory.LazyAttribute(lambda o: f"T-{o.customer.name}-{o.customer.id is None}")


class ReplyFactory(BaseFactory):
    class Meta:
        model = Reply

    ticket_id = factory.LazyAttribute(lambda o: TicketFactory().id)


# %% counts
{"TicketFactory": 4, "ReplyFactory": 3}


# %% equal
[
    "SELECT c.name, t.ref FROM tickets t JOIN customers c ON c.id = t.customer_id",
    "SELECT t.ref, count(*) FROM replies r JOIN tickets t ON t.id = r.ticket_id GROUP BY t.ref",
]

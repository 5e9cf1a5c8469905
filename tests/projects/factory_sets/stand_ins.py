"""What a declaration may do with the object of another: print it, compare it, ask for its class."""


# %% models
class Tenant(Base):
    __tablename__ = "tenant"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))

    def __str__(self):
        return f"tenant {self.name}"


class Client(Base):
    __tablename__ = "client"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    tenant: Mapped[Tenant] = relationship()

    def __repr__(self):
        return f"<{self.name}>"

    def __len__(self):
        return 0


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    payer_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    label: Mapped[str] = mapped_column(String(80))
    client: Mapped[Client] = relationship(foreign_keys=[client_id])
    payer: Mapped[Client] = relationship(foreign_keys=[payer_id])
    tenant: Mapped[Tenant] = relationship()


class Printed(Base):
    __tablename__ = "printed"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    label: Mapped[str] = mapped_column(String(80))
    tenant: Mapped[Tenant] = relationship()


class Compared(Base):
    __tablename__ = "compared"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    same: Mapped[bool]
    other: Mapped[bool]
    whole: Mapped[bool]
    known: Mapped[bool]
    client: Mapped[Client] = relationship()


class Named(Base):
    __tablename__ = "named"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    by_type: Mapped[str] = mapped_column(String(40))
    by_class: Mapped[str] = mapped_column(String(40))
    is_client: Mapped[bool]
    client: Mapped[Client] = relationship()


# %% factories
class BaseFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = Session


class TenantFactory(BaseFactory):
    class Meta:
        model = Tenant

    name = factory.Sequence(lambda n: f"t{n % 3}")


class ClientFactory(BaseFactory):
    class Meta:
        model = Client

    name = factory.Sequence(lambda n: f"c{n % 2}")
    tenant = factory.SubFactory(TenantFactory)


class OrderFactory(BaseFactory):
    class Meta:
        model = Order

    client = factory.SubFactory(ClientFactory)
    payer = factory.SelfAttribute("client")
    tenant = factory.LazyAttribute(lambda o: o.client.tenant)
    label = factory.LazyAttribute(lambda o: "for %r of %s" % (o.client, o.tenant))


class PrintedFactory(BaseFactory):
    class Meta:
        model = Printed

    tenant = Link(TenantFactory)
    label = factory.LazyAttribute(lambda o: f"{o.tenant}!")


class ComparedFactory(BaseFactory):
    class Meta:
        model = Compared
        exclude = ("also", "another")

    client = factory.SubFactory(ClientFactory)
    also = factory.SelfAttribute("client")
    another = factory.SubFactory(ClientFactory)
    same = factory.LazyAttribute(lambda o: o.client == o.also)
    other = factory.LazyAttribute(lambda o: o.client != o.another)
    whole = factory.LazyAttribute(lambda o: bool(o.client))
    known = factory.LazyAttribute(lambda o: o.client in [o.another, o.also])


class NamedFactory(BaseFactory):
    class Meta:
        model = Named

    client = factory.SubFactory(ClientFactory)
    by_type = factory.LazyAttribute(lambda o: type(o.client).__name__)
    by_class = factory.LazyAttribute(lambda o: o.client.__class__.__tablename__)
    is_client = factory.LazyAttribute(lambda o: isinstance(o.client, Client))


# %% counts
{
    "TenantFactory": 3,
    "OrderFactory": 4,
    "PrintedFactory": 4,
    "ComparedFactory": 3,
    "NamedFactory": 3,
}


# %% equal
[
    "SELECT same, other, whole, known FROM compared",
    "SELECT by_type, by_class, is_client FROM named",
    "SELECT length(label) FROM printed",
    "SELECT count(*) FROM orders WHERE client_id = payer_id",
]


# %% never
[
    "SELECT o.id FROM orders o JOIN client c ON c.id = o.client_id JOIN tenant t"
    " ON t.id = o.tenant_id WHERE c.tenant_id <> o.tenant_id"
    " OR o.label NOT LIKE 'for <c_> of tenant t_'",
    "SELECT id FROM printed WHERE label NOT LIKE 'tenant t_!'",
]

"""Invoices per tenant: everything below an invoice belongs to the tenant of the invoice."""


# %% models
class Tenant(Base):
    __tablename__ = "tenant"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    slug: Mapped[str] = mapped_column(String(50), unique=True)


class Client(Base):
    __tablename__ = "client"
    __table_args__ = (UniqueConstraint("tenant_id", "id"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(String(80))
    tenant: Mapped[Tenant] = relationship()


class Invoice(Base):
    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(["tenant_id", "client_id"], ["client.tenant_id", "client.id"]),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tenant.id"))
    client_id: Mapped[uuid.UUID]
    number: Mapped[int]
    total: Mapped[decimal.Decimal] = mapped_column(Numeric(12, 2), default=0)
    tenant: Mapped[Tenant] = relationship(overlaps="client")
    client: Mapped[Client] = relationship(overlaps="tenant")


# %% factories
class TenantFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Tenant
        sqlalchemy_session = Session

    slug = factory.Sequence(lambda n: f"tenant-{n}")


class ClientFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Client
        sqlalchemy_session = Session

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Faker("company")


class InvoiceFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Invoice
        sqlalchemy_session = Session

    tenant = factory.SubFactory(TenantFactory)
    client = factory.SubFactory(ClientFactory, tenant=factory.SelfAttribute("..tenant"))
    number = factory.Sequence(lambda n: n + 1)
    total = factory.Faker("pydecimal", left_digits=4, right_digits=2, positive=True)


# %% counts
{"InvoiceFactory": 7}


# %% equal
["SELECT number FROM invoice", "SELECT slug FROM tenant"]


# %% never
["SELECT i.id FROM invoice i JOIN client c ON c.id = i.client_id WHERE c.tenant_id <> i.tenant_id"]

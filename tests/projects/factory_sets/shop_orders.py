"""Orders of a shop: lines that come with the order, prices copied from the product."""


# %% models
class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[Optional[str]] = mapped_column(String(100))
    orders: Mapped[list["Order"]] = relationship(back_populates="customer")


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(20), unique=True)
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))


class Order(Base):
    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(30), unique=True)
    placed_on: Mapped[datetime.date]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer] = relationship(back_populates="orders")
    lines: Mapped[list["OrderLine"]] = relationship(back_populates="order", cascade="all")


class OrderLine(Base):
    __tablename__ = "order_line"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[int] = mapped_column(CheckConstraint("quantity > 0"))
    unit_price: Mapped[decimal.Decimal] = mapped_column(Numeric(10, 2))
    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()


# %% factories
class CustomerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Customer
        sqlalchemy_session = Session

    name = factory.Faker("name")
    email = factory.LazyAttribute(lambda o: o.name.lower().replace(" ", ".") + "@example.com")


class ProductFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Product
        sqlalchemy_session = Session

    sku = factory.Sequence(lambda n: f"SKU-{n:05d}")
    price = factory.fuzzy.FuzzyDecimal(1, 99, precision=2)


class OrderLineFactory(SQLAlchemyModelFactory):
    class Meta:
        model = OrderLine
        sqlalchemy_session = Session

    product = factory.SubFactory(ProductFactory)
    quantity = factory.Faker("random_int", min=1, max=9)
    unit_price = factory.SelfAttribute("product.price")


class OrderFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Order
        sqlalchemy_session = Session

    reference = factory.LazyAttributeSequence(lambda o, n: f"{o.placed_on.year}-{n}")
    placed_on = factory.Faker(
        "date_between", start_date=datetime.date(2024, 1, 1), end_date=datetime.date(2024, 12, 31)
    )
    customer = factory.SubFactory(CustomerFactory)
    lines = factory.RelatedFactoryList(OrderLineFactory, "order", size=3)


# %% own
customer = Customer(name="My own")
product = Product(sku="MINE", price=decimal.Decimal("5.50"))
session.add(
    Order(
        reference="own-1",
        placed_on=datetime.date(2020, 1, 1),
        customer=customer,
        lines=[OrderLine(quantity=1, unit_price=decimal.Decimal("5.50"), product=product)],
    )
)


# %% counts
{"OrderFactory": 6}


# %% equal
[
    "SELECT count(*), sum(CASE WHEN quantity BETWEEN 1 AND 9 THEN 1 ELSE 0 END) FROM order_line",
    "SELECT order_id - (SELECT min(order_id) FROM order_line), count(*) FROM order_line"
    " GROUP BY order_id",
]


# %% never
[
    "SELECT l.id FROM order_line l JOIN product p ON p.id = l.product_id WHERE l.unit_price <> p.price"
]

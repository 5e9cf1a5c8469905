"""A CHECK without a name comes, changes and goes."""


# %% before
class Offer(Base):
    __tablename__ = "offer"
    __table_args__ = (CheckConstraint("price > 0"), CheckConstraint("rebate < 50"))
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[int]
    rebate: Mapped[int]
    stock: Mapped[int]


# %% rows
{
    "offer": [
        {"id": 1, "price": 10, "rebate": 5, "stock": 3},
        {"id": 2, "price": 11, "rebate": 0, "stock": 0},
    ]
}


# %% after
class Offer(Base):
    __tablename__ = "offer"
    __table_args__ = (CheckConstraint("price >= 0"), CheckConstraint("stock >= 0"))
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[int]
    rebate: Mapped[int]
    stock: Mapped[int]


# %% django before
class Offer(Model):
    price = IntegerField()
    rebate = IntegerField()
    stock = IntegerField()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(price__gt=0), name="c1"),
            CheckConstraint(condition=Q(rebate__lt=50), name="c2"),
        ]


# %% django after
class Offer(Model):
    price = IntegerField()
    rebate = IntegerField()
    stock = IntegerField()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(price__gte=0), name="c1"),
            CheckConstraint(condition=Q(stock__gte=0), name="c3"),
        ]

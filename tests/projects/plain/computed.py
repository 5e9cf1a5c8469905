"""A generated column comes beside its sources."""


# %% before
class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[int]
    amount: Mapped[int]


# %% rows
{"item": [{"id": 1, "price": 3, "amount": 4}, {"id": 2, "price": 5, "amount": 0}]}


# %% after
class Item(Base):
    __tablename__ = "item"
    __table_args__ = (CheckConstraint("amount >= 0"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[int]
    amount: Mapped[int] = mapped_column(server_default="1")
    total: Mapped[int | None] = mapped_column(Computed("price * amount", persisted=True))


# %% django before
class Item(Model):
    price = IntegerField()
    amount = IntegerField()


# %% django after
class Item(Model):
    price = IntegerField()
    amount = IntegerField(db_default=1)
    total = GeneratedField(
        expression=F("price") * F("amount"), output_field=IntegerField(), db_persist=True
    )

    class Meta:
        constraints = [CheckConstraint(condition=Q(amount__gte=0), name="amount_check")]

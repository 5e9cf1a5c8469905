"""A foreign key to a UNIQUE column that is no primary key, and its ON UPDATE."""


# %% before
class Currency(Base):
    __tablename__ = "currency"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(3), unique=True)


class Wallet(Base):
    __tablename__ = "wallet"
    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), ForeignKey("currency.code"))


# %% rows
{
    "currency": [{"id": 1, "code": "EUR"}, {"id": 2, "code": "USD"}],
    "wallet": [{"id": 1, "currency": "USD"}],
}


# %% after
class Currency(Base):
    __tablename__ = "currency"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(3), unique=True)
    name: Mapped[str | None] = mapped_column(String(30), unique=True)


class Wallet(Base):
    __tablename__ = "wallet"
    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(
        String(3), ForeignKey("currency.code", onupdate="CASCADE")
    )


# %% django before
class Currency(Model):
    code = CharField(max_length=3, unique=True)


class Wallet(Model):
    currency = ForeignKey(Currency, to_field="code", on_delete=RESTRICT, db_column="currency")


# %% django after
class Currency(Model):
    code = CharField(max_length=3, unique=True)
    name = CharField(max_length=30, unique=True, null=True)


class Wallet(Model):
    currency = ForeignKey(Currency, to_field="code", on_delete=RESTRICT, db_column="currency")

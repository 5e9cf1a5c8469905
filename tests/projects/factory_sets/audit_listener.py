"""A listener that writes a row of its own for each row."""


# %% models
class Entry(Base):
    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    action: Mapped[str] = mapped_column(String(20))


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(60), unique=True)
    balance: Mapped[int] = mapped_column(default=0)


@event.listens_for(Account, "after_insert")
def write(mapper, connection, target):
    connection.execute(Entry.__table__.insert().values(account_id=target.id, action="insert"))


@event.listens_for(Account, "before_insert")
def check(mapper, connection, target):
    target.balance = target.balance or 10


# %% factories
class AccountFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Account
        sqlalchemy_session = Session

    email = factory.Sequence(lambda n: f"{n}@example.com")


# %% own
session.add(Account(email="own@example.org"))


# %% counts
{"AccountFactory": 5}


# %% equal
[
    "SELECT balance FROM accounts",
    "SELECT a.balance, e.action FROM accounts a JOIN audit_entry e ON e.account_id = a.id",
]

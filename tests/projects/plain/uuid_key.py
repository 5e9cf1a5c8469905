"""Keys that are UUIDs, and a table that comes to refer to them."""


# %% before
class Account(Base):
    __tablename__ = "account"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(100), unique=True)


# %% rows
{
    "account": [
        {"id": uuid.UUID(int=1), "email": "a@b.c"},
        {"id": uuid.UUID(int=2**127), "email": "d@e.f"},
    ]
}


# %% after
class Account(Base):
    __tablename__ = "account"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(200), unique=True, index=True)
    referrer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))


class Session(Base):
    __tablename__ = "session"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )


# %% django before
class Account(Model):
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    email = CharField(max_length=100, unique=True)


# %% django after
class Account(Model):
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    email = CharField(max_length=200, unique=True, db_index=True)
    referrer = ForeignKey("self", on_delete=SET_NULL, null=True)


class Session(Model):
    id = UUIDField(primary_key=True, default=uuid.uuid4)
    account = ForeignKey(Account, on_delete=CASCADE)

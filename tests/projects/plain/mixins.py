"""Columns that come from mixins, with a convention of the class for table names."""


# %% before
class Named:
    @declared_attr.directive
    def __tablename__(cls) -> str:
        return cls.__name__.lower()

    id: Mapped[int] = mapped_column(primary_key=True)


class Plan(Named, Base):
    name: Mapped[str] = mapped_column(String(20))


# %% rows
{"plan": [{"id": 1, "name": "free"}]}


# %% after
class Named:
    @declared_attr.directive
    def __tablename__(cls) -> str:
        return cls.__name__.lower()

    id: Mapped[int] = mapped_column(primary_key=True)


class Owned:
    @declared_attr
    def owner_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("owner.id", ondelete="SET NULL"), index=True)


class Owner(Named, Base):
    login: Mapped[str] = mapped_column(String(20), unique=True)


class Plan(Named, Owned, Base):
    name: Mapped[str] = mapped_column(String(20), unique=True)


# %% django before
class Plan(Model):
    name = CharField(max_length=20)


# %% django after
class Owner(Model):
    login = CharField(max_length=20, unique=True)


class Plan(Model):
    name = CharField(max_length=20, unique=True)
    owner = ForeignKey(Owner, on_delete=SET_NULL, null=True)

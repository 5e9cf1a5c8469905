"""A column with a foreign key to a new table."""


# %% before
class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))


# %% rows
{"product": [{"id": 1, "name": "nail"}, {"id": 2, "name": "screw"}]}


# %% after
class Category(Base):
    __tablename__ = "category"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))


# %% django before
class Product(Model):
    name = CharField(max_length=50)


# %% django after
class Category(Model):
    name = CharField(max_length=50, unique=True)


class Product(Model):
    name = CharField(max_length=50)
    category = ForeignKey(Category, on_delete=SET_NULL, null=True)

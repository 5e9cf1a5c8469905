"""Meta: rename, exclude and inline_args; names that are words of SQL and of Python."""


# %% models
class Item(Base):
    __tablename__ = "select"
    id: Mapped[int] = mapped_column(primary_key=True)
    class_: Mapped[str] = mapped_column("class", String(20))
    order: Mapped[int]
    attributes: Mapped[Optional[str]] = mapped_column(String(40))


class Pair(Base):
    __tablename__ = "pair"
    id: Mapped[int] = mapped_column(primary_key=True)
    left: Mapped[str] = mapped_column("l", String(20))
    right: Mapped[str] = mapped_column("r", String(20))

    def __init__(self, left, right):
        self.left = left
        self.right = right.upper()


# %% factories
class ItemFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Item
        sqlalchemy_session = Session
        rename = {"kind": "class_", "attrs": "attributes"}
        exclude = ("base",)

    base = factory.Sequence(lambda n: n * 10)
    kind = factory.Iterator(["a", "b"])
    order = factory.LazyAttribute(lambda o: o.base + 1)
    attrs = factory.LazyAttribute(lambda o: f"{o.kind}:{o.base}")


class PairFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Pair
        sqlalchemy_session = Session
        inline_args = ("left", "right")

    left = factory.Sequence(lambda n: f"l{n}")
    right = factory.SelfAttribute("left")


# %% counts
{"ItemFactory": 5, "PairFactory": 3}


# %% equal
["SELECT l, r FROM pair", "SELECT p.* FROM (SELECT count(*) AS n FROM pair) p"]

import datetime
import decimal
import itertools
import random
import uuid

import factory
from factory import fuzzy
from factory.alchemy import SQLAlchemyModelFactory
from faker import Faker

from sqlalchemy_manage.seeding import Link
from staff import models

fake = Faker()
counter = itertools.count()


class Base(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = None


def plain(name, /, **declared):
    """A factory of the model of this name."""
    model = getattr(models, name)
    meta = type("Meta", (), {"model": model})
    body = {"Meta": meta, "__module__": __name__, **declared}
    return type(f"{name}Factory", (Base,), body)


PatientFactory = plain("Patient", title=factory.Faker("name"), ward="A")
DoctorFactory = plain("Doctor", name=factory.Faker("name"), field="B")
PageFactory = plain("Page")
HomeFactory = plain("Home")
BookFactory = plain("Book", type="b")
LeafFactory = plain("Leaf")
ToolFactory = plain("Tool")
ProductFactory = plain("Product", sku=factory.Sequence(lambda n: f"SKU-{n:04d}"))
SheetFactory = plain("Sheet")
LabelFactory = plain("Label", product=Link(ProductFactory, unique=True))
NoteFactory = plain(
    "Note",
    product=Link(ProductFactory),
    text=factory.LazyAttribute(lambda o: o.product.sku),
)
CountedFactory = plain("Counted", n=1)
DownFactory = plain("Down", n=1)
DrawnFactory = plain("Drawn", n=1)
KeptFactory = plain("Kept", n=1)
ZeroFactory = plain("Zero", id=factory.Sequence(lambda n: n))
ChildFactory = plain("Child", zero=factory.SubFactory(ZeroFactory))
CityFactory = plain("City", name=factory.Faker("first_name", locale="cs_CZ"))
WordFactory = plain(
    "Word", word=fuzzy.FuzzyChoice(["Alpha", "alpha", "ALPHA", "Beta", "beta", "Gamma"])
)
AccountFactory = plain(
    "Account", email=fuzzy.FuzzyChoice([f"{a}{n}" for a in "aA" for n in range(40)])
)
AddressFactory = plain("Address", owner=fuzzy.FuzzyInteger(1, 50), main=factory.Faker("boolean"))
PairFactory = plain("Pair", a=fuzzy.FuzzyChoice([None, 1, 2]), b=fuzzy.FuzzyChoice([None, 1, 2]))
VoteFactory = plain("Vote", city=Link(CityFactory), kind=fuzzy.FuzzyChoice(["x", "y"]))
ValueFactory = plain(
    "Value",
    text=factory.Sequence(lambda n: 841079777 + n),
    whole=factory.Faker("numerify"),
    exact="9.99",
    broken=decimal.Decimal("3.25"),
    moment=datetime.date(2024, 5, 6),
)


class TicketFactory(Base):
    class Meta:
        model = models.Ticket

    number = factory.Sequence(lambda n: n)

    @classmethod
    def _setup_next_sequence(cls):
        return 5000


class OwnLabelFactory(LabelFactory):
    """Made one by one."""

    @classmethod
    def _create(cls, model, *args, **kwargs):
        return super()._create(model, *args, **kwargs)


class OddFactory(ValueFactory):
    """What some databases take, and others do not."""

    text = factory.LazyFunction(lambda: uuid.UUID(int=77))
    moment = "2024-05-06 07:08:09"


class EnumFactory(ValueFactory):
    text = factory.LazyFunction(lambda: models.Kind.doctor.value)
    kind = "doctor"


class UniqueFactory(Base):
    """What it draws is remembered in the process."""

    class Meta:
        model = models.Ticket

    number = factory.LazyFunction(lambda: fake.unique.random_int(1, 90_000))


class CountingFactory(Base):
    class Meta:
        model = models.Ticket

    number = factory.LazyFunction(lambda: next(counter))


class ChoosingFactory(Base):
    """Keeps nothing: the list is only read."""

    class Meta:
        model = models.Value

    text = factory.LazyFunction(lambda: random.choice(["a", "b"]))

import random
from collections import OrderedDict
from datetime import date, datetime

import factory
import factory.random
from factory import fuzzy
from factory.alchemy import SQLAlchemyModelFactory

from sqlalchemy_manage.seeding import Links

from . import models


class FakedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Faked

    name = factory.Faker("name")
    first_name = factory.Faker("first_name")
    job = factory.Faker("job")
    word = factory.Faker("word")
    sentence = factory.Faker("sentence", nb_words=4)
    email = factory.Faker("email")


class PlacedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Placed

    city = factory.Faker("city")
    company = factory.Faker("company")
    german = factory.Faker("name", locale="de_DE")
    town = factory.Faker("city", locale="de_DE")
    digits = factory.Faker("numerify", text="%#-!@")


class MeasuredFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Measured

    flag = factory.Faker("boolean")
    seldom = factory.Faker("boolean", chance_of_getting_true=2)
    count = factory.Faker("random_int", min=-5, max=400, step=3)
    day = factory.Faker("date_between", start_date=date(2020, 1, 1), end_date=date(2024, 12, 31))
    at = factory.Faker(
        "date_time_between", start_date=datetime(2024, 1, 1), end_date=datetime(2024, 6, 30)
    )
    price = factory.Faker("pydecimal", left_digits=3, right_digits=2, positive=True)
    element = factory.Faker("random_element", elements=["a", "b", "c", "a"])
    weighted = factory.Faker(
        "random_element", elements=OrderedDict([("a", 0.45), ("b", 0.33), ("c", 0.2), ("d", 0.02)])
    )
    repeated = factory.Faker("bothify", text="?#", letters="xyz")


class DependingFactory(SQLAlchemyModelFactory):
    """Faker's parameters are declarations themselves."""

    class Meta:
        model = models.Depending

    top = factory.Faker("random_int", min=1, max=5)
    below = factory.Faker("random_int", min=0, max=factory.SelfAttribute("..top"))
    start = factory.Faker("date_between", start_date=date(2024, 1, 1), end_date=date(2024, 3, 31))
    end = factory.Faker(
        "date_between",
        start_date=factory.LazyAttribute(lambda o: o.factory_parent.start),
        end_date=date(2024, 4, 30),
    )


class FuzziedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Fuzzied

    choice = fuzzy.FuzzyChoice(["a", "b", "c"])
    got = fuzzy.FuzzyChoice([("a", 1), ("b", 2), ("b", 3)], getter=lambda pair: pair[0])
    whole = fuzzy.FuzzyInteger(7)
    stepped = fuzzy.FuzzyInteger(10, 40, step=5)
    price = fuzzy.FuzzyDecimal(0.5, 9.99)
    ratio = fuzzy.FuzzyFloat(-1, 1)
    code = fuzzy.FuzzyText(length=3, prefix="<", suffix=">", chars="abcd")
    day = fuzzy.FuzzyDate(date(2023, 12, 1), date(2024, 2, 1))
    at = fuzzy.FuzzyNaiveDateTime(
        datetime(2024, 1, 1), datetime(2024, 1, 3), force_minute=5, force_microsecond=0
    )
    called = fuzzy.FuzzyAttribute(lambda: factory.random.randgen.choice([1, 1, 2]))


class BranchingFactory(SQLAlchemyModelFactory):
    """What is drawn decides what else is drawn."""

    class Meta:
        model = models.Branching

    class Params:
        famous = factory.Trait(text=factory.Faker("random_element", elements=["star", "legend"]))

    famous = factory.Faker("boolean", chance_of_getting_true=25)
    kind = factory.Faker("random_element", elements=["person", "thing", "none"])
    title = factory.Maybe(
        factory.LazyAttribute(lambda o: o.kind == "person"),
        factory.Faker("prefix"),
        factory.Maybe(
            factory.LazyAttribute(lambda o: o.kind == "thing"), factory.Faker("color_name"), None
        ),
    )
    more = factory.LazyAttribute(lambda o: f"{o.kind} {o.title}")
    own = factory.LazyFunction(lambda: random.randint(1, 6) + random.randint(1, 6))


class ParentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Parent

    number = factory.Faker("random_int", min=1, max=4)
    text = factory.Faker("random_element", elements=["x", "y"])


class ChildFactory(SQLAlchemyModelFactory):
    """Copies from a parent whose values are drawn, and sets one of them by a draw of its own."""

    class Meta:
        model = models.Child

    number = factory.SelfAttribute("parent.number")
    text = factory.Faker("random_element", elements=["p", "q", "q"])
    parent = factory.SubFactory(ParentFactory, text=factory.SelfAttribute("..text"))


class LeafFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Leaf

    number = factory.Faker("random_int", min=1, max=6)


class BranchFactory(SQLAlchemyModelFactory):
    """One to three leaves for each."""

    class Meta:
        model = models.Branch

    leaves = factory.RelatedFactoryList(
        LeafFactory, factory_related_name="branch", size=lambda: random.randint(1, 3)
    )


class ChancedFactory(SQLAlchemyModelFactory):
    """One value is drawn after the object is there."""

    class Meta:
        model = models.Chanced

    text = factory.Faker("random_element", elements=["a", "b"])

    @factory.post_generation
    def after(obj, create, extracted, **kwargs):
        obj.number = factory.random.randgen.choice([1, 2, 2]) * len(obj.text)


class TagFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Tag

    text = factory.Sequence(lambda n: f"tag {n}")


class TinFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Tin

    number = factory.Faker("random_int", min=1, max=3)
    tags = Links(TagFactory, min=1, max=3)

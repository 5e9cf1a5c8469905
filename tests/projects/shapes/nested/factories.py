import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models


class PlainTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.PlainTown

    text = factory.Sequence(lambda n: f"town {n}")
    number = 5


class PlainFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Plain

    text = factory.LazyAttribute(lambda o: f"in {o.town.text}")
    more = factory.SelfAttribute("town.text")
    number = factory.SelfAttribute("town.number")
    town = factory.SubFactory(PlainTownFactory)


class OverTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OverTown

    text = "town"
    more = factory.LazyAttribute(lambda o: f"{o.text} of {o.factory_parent.text}")
    number = factory.Sequence(lambda n: n)


class OverFactory(SQLAlchemyModelFactory):
    """Values, declarations and attributes of the parent for what it makes."""

    class Meta:
        model = models.Over

    text = factory.Sequence(lambda n: f"child {n}")
    number = factory.Sequence(lambda n: n * 2)
    town = factory.SubFactory(
        OverTownFactory,
        text=factory.LazyAttribute(lambda o: f"town {o.number}"),
        number=factory.SelfAttribute("..number"),
    )


class LandFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Land

    text = factory.Sequence(lambda n: f"land {n}")


class CityFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.City

    text = "city"
    land = factory.SubFactory(LandFactory)


class HouseFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.House

    text = factory.Sequence(lambda n: f"house {n}")
    city = factory.SubFactory(
        "nested.factories.CityFactory", land__number=4, land__more=factory.SelfAttribute("...text")
    )
    city__text = factory.Iterator(["north", "south"])
    more = factory.SelfAttribute("city.land.text")


class PairTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.PairTown

    number = factory.Sequence(lambda n: n)


class PairFactory(SQLAlchemyModelFactory):
    """Two of one factory, whose sequence both take from."""

    class Meta:
        model = models.Pair

    left = factory.SubFactory(PairTownFactory, text="left")
    right = factory.SubFactory(PairTownFactory, text="right")


class ChosenTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChosenTown

    text = factory.Sequence(lambda n: f"town {n}")


class ChosenFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Chosen

    class Params:
        settled = factory.Sequence(lambda n: n % 3 == 0)

    number = factory.Sequence(lambda n: n)
    town = factory.Maybe("settled", factory.SubFactory(ChosenTownFactory, number=1), None)


class FlavouredTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.FlavouredTown

    class Params:
        large = factory.Trait(number=1_000_000)

    text = factory.Sequence(lambda n: f"town {n}")


class FlavouredFactory(SQLAlchemyModelFactory):
    """A trait that reaches into what the SubFactory makes, and turns a trait on there."""

    class Meta:
        model = models.Flavoured

    class Params:
        urban = factory.Trait(text="urban", town__large=True, town__more="by trait")

    urban = factory.Iterator([True, False])
    text = "rural"
    town = factory.SubFactory(FlavouredTownFactory)


class NodeFactory(SQLAlchemyModelFactory):
    """A leaf and its root; both take a number of the one sequence."""

    class Meta:
        model = models.Node

    class Params:
        deep = True

    text = factory.Maybe("deep", "leaf", "root")
    number = factory.Sequence(lambda n: n)
    parent = factory.Maybe(
        "deep", factory.SubFactory("nested.factories.NodeFactory", deep=False), None
    )


class LevelFactory(SQLAlchemyModelFactory):
    """Three generations: the parent is told how far up it is."""

    class Meta:
        model = models.Level

    class Params:
        up = 2

    number = factory.SelfAttribute("up")
    parent = factory.Maybe(
        factory.LazyAttribute(lambda o: o.up > 0),
        factory.SubFactory(
            "nested.factories.LevelFactory",
            up=factory.LazyAttribute(lambda o: o.factory_parent.up - 1),
        ),
        None,
    )

import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models


class PerhapsFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Perhaps

    class Params:
        odd = factory.Sequence(lambda n: n % 2)

    number = factory.Sequence(lambda n: n)
    text = factory.Maybe("odd", yes_declaration="odd", no_declaration=factory.SelfAttribute("more"))
    more = factory.Sequence(lambda n: f"even {n}")


class PerhapsNotFactory(SQLAlchemyModelFactory):
    """Without a declaration for no, the attribute is left out; Iterators move only when asked."""

    class Meta:
        model = models.PerhapsNot

    number = factory.Iterator([0, 1, 2])
    text = factory.Maybe("number", yes_declaration=factory.Iterator(["p", "q", "r", "s"]))
    more = factory.Maybe(
        factory.LazyAttribute(lambda o: o.number == 2),
        factory.Sequence(lambda n: f"two {n}"),
        factory.Maybe("number", "one", "zero"),
    )


class ParametrizedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Parametrized

    class Params:
        unit = "cm"
        length = factory.LazyAttribute(lambda o: o.number * 10)

    number = factory.Sequence(lambda n: n)
    text = factory.LazyAttribute(lambda o: f"{o.length} {o.unit}")


class TraitedFactory(SQLAlchemyModelFactory):
    """A trait that nobody has turned on."""

    class Meta:
        model = models.Traited

    class Params:
        loud = factory.Trait(text="LOUD", number=factory.Sequence(lambda n: n))

    text = "quiet"


class TraitedAlwaysBase(SQLAlchemyModelFactory):
    class Meta:
        model = models.TraitedAlways

    class Params:
        loud = factory.Trait(
            text=factory.LazyAttribute(lambda o: f"LOUD {o.number}"), number=factory.Sequence(int)
        )

    text = "quiet"
    more = factory.SelfAttribute("text")


class TraitedAlwaysFactory(TraitedAlwaysBase):
    loud = True


class TraitedBothFactory(SQLAlchemyModelFactory):
    """A trait turned on by another, which the last one beats."""

    class Meta:
        model = models.TraitedBoth

    class Params:
        first = factory.Trait(text="first", more="first")
        second = factory.Trait(first=True, more="second")

    second = True
    text = "none"


class TraitDecidedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.TraitDecided

    class Params:
        even = factory.Trait(text=factory.Sequence(lambda n: f"even {n}"))

    even = factory.Sequence(lambda n: n % 2 == 0)
    text = "odd"

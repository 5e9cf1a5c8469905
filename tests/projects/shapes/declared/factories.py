import itertools
from decimal import Decimal

import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models
from .models import Size


class ConstantFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Constant

    text = "same"
    number = 7


class NothingFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Nothing

    text = None
    number = None


class CountedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Counted

    text = factory.Sequence(str)
    more = factory.Sequence(lambda n: f"row {n:04}")
    number = factory.Sequence(lambda n: n * n)
    amount = factory.Sequence(lambda n: Decimal(n) / 4)


class CalledFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Called

    text = factory.LazyFunction(lambda: "called")
    number = factory.LazyFunction(itertools.count(5).__next__)


class LazyFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Lazy

    number = factory.Sequence(lambda n: n + 1)
    text = factory.LazyAttribute(lambda o: f"{o.number} of {o.more}")
    more = "many"


class LazyChainFactory(SQLAlchemyModelFactory):
    """The first depends on the second, and that on the third."""

    class Meta:
        model = models.LazyChain

    text = factory.LazyAttribute(lambda o: o.more.upper())
    more = factory.LazyAttribute(lambda o: f"number {o.number}")
    number = factory.LazyAttributeSequence(lambda o, n: n * 3)


class LazyNumberedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.LazyNumbered

    text = "t"
    more = factory.LazyAttributeSequence(lambda o, n: f"{o.text}{n}")


class DecoratedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Decorated

    @factory.lazy_attribute
    def text(self):
        return f"by {self.number}"

    @factory.sequence
    def number(n):
        return n + 10

    @factory.lazy_attribute_sequence
    def more(self, n):
        return self.text * (n % 3)


class SelfishFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Selfish

    text = factory.SelfAttribute("more")
    more = factory.Sequence(lambda n: f"m{n}")
    number = factory.SelfAttribute("some.stop", default=3)

    class Params:
        some = factory.Sequence(range)


class SelfDefaultFactory(SQLAlchemyModelFactory):
    """Every other row has something with a ``name``."""

    class Meta:
        model = models.SelfDefault

    class Params:
        thing = factory.Iterator([Size.small, None])

    text = factory.SelfAttribute("thing.name", default="none")


class CycledFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Cycled

    text = factory.Iterator(["a", "b", "c"])
    more = factory.Iterator(f"{x}{y}" for x in "ab" for y in "12345")
    number = factory.Iterator(range(4))


class SpentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Spent

    number = factory.Iterator(range(100, 150), cycle=False)


class GottenFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Gotten

    text = factory.Iterator([("a", 1), ("b", 2)], getter=lambda pair: pair[0])
    number = factory.Iterator([("a", 1), ("b", 2), ("c", 3)], getter=lambda pair: pair[1])


class EnumeratedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Enumerated

    size = factory.Iterator(Size)


class EnumGottenFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.EnumGotten

    text = factory.Iterator(Size, getter=lambda size: size.value)

    @factory.iterator
    def more():
        yield from ("x", "y", "z")


class DictionaryFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Dictionary

    number = factory.Sequence(lambda n: n)
    data = factory.Dict(
        {
            "number": factory.SelfAttribute("..number"),
            "double": factory.LazyAttribute(lambda o: o.number * 2),
            "inner": factory.Dict({"word": factory.Iterator(["a", "b"])}),
        }
    )
    data__double = factory.LazyAttribute(lambda o: o.number * 4)


class ListingFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Listing

    number = factory.Sequence(lambda n: n)
    data = factory.List(
        [factory.SelfAttribute("..number"), "plain", factory.List([1, factory.Sequence(int)])]
    )


class TransformedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Transformed

    text = factory.Transformer(factory.Sequence(lambda n: f"t{n}"), transform=str.upper)
    number = factory.Transformer(3, transform=lambda n: n + 1)


class ContainerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Container

    text = factory.ContainerAttribute(lambda o, within: f"{o.number} {len(within)}", strict=False)
    number = factory.Sequence(lambda n: n)


class UnsetFactory(SQLAlchemyModelFactory):
    """Nothing but the key that the database gives."""

    class Meta:
        model = models.Unset


class Squared(factory.declarations.BaseDeclaration):
    """A declaration of the project's own."""

    def evaluate(self, instance, step, extra):
        return step.sequence**2 + extra.get("plus", 0) + len(instance.text)


class OwnDeclarationFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OwnDeclaration

    text = factory.Iterator(["", "four"])
    number = Squared(plus=1)

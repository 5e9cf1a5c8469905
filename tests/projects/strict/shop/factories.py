import os

import factory
from factory.alchemy import SQLAlchemyModelFactory

from .models import Item, Maker

BREAK = os.environ.get("BREAK", "")


def broken(good, **bad):
    """A Sequence of ``good``, from the 25th row on that of the kind to break, if it is here."""
    return factory.Sequence(lambda n: bad.get(BREAK, good)(n) if n >= 24 else good(n))


class MakerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Maker

    name = broken(lambda n: f"Maker {n}", unique=lambda n: "Maker 3")


class ItemFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Item

    code = broken(lambda n: f"c{n}", long=lambda n: "x" * 11)
    price = broken(
        lambda n: n, check=lambda n: -5, null=lambda n: None, **{"raise": lambda n: 1 // 0}
    )
    made_at = broken(lambda n: None, type=lambda n: "not a date")
    maker = factory.SubFactory(MakerFactory)

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models
from .models import Colour, Point


class ScalarFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Scalar

    text = factory.Sequence(lambda n: f"t{n}")


class ScalarNoneFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ScalarNone

    word = factory.Iterator([None, "given"])
    here = factory.Iterator([None, None, "given"])


class CallablesFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Callables

    number = factory.Sequence(lambda n: n)
    text = factory.LazyAttribute(lambda o: "x" * o.number)


class ExpressionsFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Expressions

    number = factory.Sequence(lambda n: n)


class ServerDefaultsFactory(SQLAlchemyModelFactory):
    """Every third row leaves a column to the server."""

    class Meta:
        model = models.ServerDefaults

    number = factory.Sequence(lambda n: n)
    level = factory.Maybe(factory.LazyAttribute(lambda o: o.number % 3), 7)


class UpdatedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Updated

    text = "new"


class TypedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Typed

    colour = factory.Iterator(Colour)
    short = factory.Iterator([Colour.green, Colour.red])
    state = factory.Iterator(["new", "old"])
    loose = factory.Iterator(["b", "a", "a"])
    flag = factory.Iterator([True, False])
    data = factory.Sequence(lambda n: bytes([n, 0, 255]))
    key = factory.Sequence(lambda n: uuid.UUID(int=n))
    plain_key = factory.Sequence(lambda n: str(uuid.UUID(int=n)))
    price = factory.Sequence(lambda n: Decimal(n) + Decimal("0.1234"))
    ratio = factory.Sequence(lambda n: n / 8)
    day = factory.Sequence(lambda n: date(2024, 1, 1) + timedelta(days=n))
    at = factory.Sequence(lambda n: datetime(2024, 1, 1, 12, 30) + timedelta(hours=n))
    span = factory.Sequence(lambda n: timedelta(minutes=n))


class JsonsFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Jsons

    given = factory.Iterator([{"a": [1, None]}, [], None, "text", 5, True])
    sql_none = None
    mutable = factory.Dict({"n": factory.Sequence(lambda n: n)})


class DecoratedTypeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.DecoratedType

    loud = factory.Iterator(["word", None])


class CompositeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Composite

    point = factory.Sequence(lambda n: Point(n, None if n % 2 else -n))
    other = factory.Iterator([Point(1, 2), None])


class OtherNameFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OtherName

    title = factory.Sequence(lambda n: f"title {n}")
    keyed = factory.Iterator(["a", "b"])


class DeferredFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Deferred

    text = factory.Sequence(lambda n: "t" * n)
    body = factory.Sequence(lambda n: f"body {n}")


class ComputedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Computed

    number = factory.Sequence(lambda n: n)

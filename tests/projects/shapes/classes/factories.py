import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models


class ValidatedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Validated

    text = factory.Sequence(lambda n: f"  Text {n} ")


class PropertiedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Propertied

    full = factory.Sequence(lambda n: f"first{n} last{n}")


class HybridFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Hybrid

    double = factory.Sequence(lambda n: n * 2)


class SynonymousFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Synonymous

    alias = factory.Sequence(lambda n: f"alias {n}")


class OwnInitFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OwnInit

    first = factory.Sequence(lambda n: f"first {n}")
    last = factory.SelfAttribute("first")


class InitTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.InitTown

    text = factory.Sequence(lambda n: f"town {n}")


class InitRelatedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.InitRelated

    town = factory.SubFactory(InitTownFactory)


class SetListenedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.SetListened

    text = factory.Sequence(lambda n: f"{n} is too long")


class InitListenedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.InitListened

    number = factory.Sequence(lambda n: n)


class InsertedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Inserted

    text = factory.Sequence(lambda n: f"text {n}")


class DataTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.DataTown

    name = factory.Sequence(lambda n: f"town {n}")


class DataFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Data

    name = factory.Sequence(lambda n: f"some name {n}")
    town = factory.Maybe(
        factory.Sequence(lambda n: n % 2), factory.SubFactory(DataTownFactory), None
    )


class ImperativeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Imperative

    text = factory.Sequence(lambda n: f"text {n}")


class ImperativeInitFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ImperativeInit

    word = factory.Sequence(lambda n: f"word {n} ")


class SingleFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Single

    number = factory.Sequence(lambda n: n)
    text = factory.Iterator(["a", "b", "c"])


class SingleChildFactory(SingleFactory):
    """Takes from the sequence and the Iterator of its base."""

    class Meta:
        model = models.SingleChild

    more = "of the child"


class JoinedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Joined

    number = factory.Sequence(lambda n: n)


class JoinedChildFactory(JoinedFactory):
    class Meta:
        model = models.JoinedChild


class JoinedGrandchildFactory(JoinedChildFactory):
    class Meta:
        model = models.JoinedGrandchild

    extra = "given"
    last = factory.SelfAttribute("number")


class ConcreteChildFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ConcreteChild

    text = factory.Sequence(lambda n: f"text {n}")
    extra = 5


class VersionedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Versioned

    text = "first"


class TextKeyFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.TextKey

    code = factory.Sequence(lambda n: f"code-{n:03}")
    word = factory.Iterator(["a", "b"])


class TextChildFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.TextChild

    parent = factory.SubFactory(TextKeyFactory)
    text = factory.SelfAttribute("parent.code")


class CompositeKeyFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.CompositeKey

    shelf = factory.Iterator(["A", "B", "C"])
    number = factory.Sequence(lambda n: n // 3)
    word = "book"


class CompositeChildFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.CompositeChild

    parent = factory.SubFactory(CompositeKeyFactory)
    number = factory.Sequence(lambda n: n)


class UuidKeyFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.UuidKey

    word = factory.Sequence(lambda n: f"word {n}")


class UuidChildFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.UuidChild

    parent = factory.SubFactory(UuidKeyFactory)
    number = factory.Sequence(lambda n: n)


class OtherKeyParentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OtherKeyParent

    code = factory.Sequence(lambda n: f"code {n}")


class OtherKeyFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OtherKey

    parent = factory.SubFactory(OtherKeyParentFactory)


class OneToOneParentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OneToOneParent

    number = factory.Sequence(lambda n: n)


class OneToOneFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.OneToOne

    word = factory.Sequence(lambda n: f"word {n}")
    parent = factory.SubFactory(OneToOneParentFactory)


class PlainDataFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.PlainData

    name = factory.Sequence(lambda n: f"some name {n}")
    town = factory.SubFactory(DataTownFactory)
    level = factory.Maybe(factory.Sequence(lambda n: n % 2), 7)
    loose = factory.Sequence(lambda n: n)

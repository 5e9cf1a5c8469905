import factory
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy.orm import object_session

from sqlalchemy_manage.seeding import Links

from . import models


class ChildRelatedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChildRelated

    number = factory.Sequence(lambda n: n)


class RelatedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Related

    text = factory.Sequence(lambda n: f"owner {n}")
    child = factory.RelatedFactory(
        ChildRelatedFactory,
        factory_related_name="owner",
        text=factory.SelfAttribute("owner.text"),
        more="related",
    )


class ChildThreeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChildThree

    text = factory.Iterator(["a", "b", "c"])
    number = factory.Sequence(lambda n: n)


class ThreeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Three

    text = factory.Sequence(lambda n: f"owner {n}")
    some = factory.RelatedFactoryList(ChildThreeFactory, factory_related_name="owner", size=3)


class ChildSeveralFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChildSeveral

    number = factory.Sequence(lambda n: n)


_sizes = iter([0, 1, 2, 3] * 1000)


class SeveralFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Several

    text = factory.Sequence(lambda n: f"owner {n}")
    some = factory.RelatedFactoryList(
        ChildSeveralFactory, factory_related_name="owner", size=lambda: next(_sizes), more="many"
    )


class ChildListedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChildListed

    number = factory.Sequence(lambda n: n)


class ListedFactory(SQLAlchemyModelFactory):
    """Children made before their owner, and given to it as a list."""

    class Meta:
        model = models.Listed

    text = factory.Sequence(lambda n: f"owner {n}")
    children = factory.List(
        [
            factory.SubFactory(ChildListedFactory, text="first"),
            factory.SubFactory(ChildListedFactory, text="second"),
        ]
    )


class ChildAheadFactory(SQLAlchemyModelFactory):
    """Makes its owner, whose other children come with it."""

    class Meta:
        model = models.ChildAhead

    text = "made first"
    owner = factory.SubFactory("owned.factories.AheadFactory")


class AheadFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Ahead

    text = factory.Sequence(lambda n: f"owner {n}")
    other = factory.RelatedFactory(
        ChildAheadFactory, factory_related_name="owner", text="made with it"
    )


class LinkingFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Linking

    number = factory.Sequence(lambda n: n)
    words = factory.LazyAttribute(lambda o: [f"word {o.number}", "same"])


class ShelfFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Shelf

    text = factory.Sequence(lambda n: f"shelf {n}")


class VolumeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Volume

    shelf_id = factory.Sequence(lambda n: n % 3 + 1)


class LabelFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Label

    text = factory.Iterator(["red", "green"])


class ParcelFactory(SQLAlchemyModelFactory):
    """Link rows made after each object."""

    class Meta:
        model = models.Parcel

    number = factory.Sequence(lambda n: n)

    @factory.post_generation
    def labels(parcel, create, extracted, **kwargs):
        make = LabelFactory.create if create else LabelFactory.build
        parcel.labels.extend(make(**kwargs) for _ in range(parcel.number % 3))

    labels__more = "stuck on"


class BadgeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Badge

    text = factory.Sequence(lambda n: f"badge {n}")


class BagFactory(SQLAlchemyModelFactory):
    """Many to many by a list of SubFactories."""

    class Meta:
        model = models.Bag

    number = factory.Sequence(lambda n: n)
    badges = factory.List([factory.SubFactory(BadgeFactory), factory.SubFactory(BadgeFactory)])


class PlayerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Player

    number = factory.Sequence(lambda n: n)


class ClubFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Club

    text = factory.Sequence(lambda n: f"club {n}")

    @factory.post_generation
    def captain(club, create, extracted, **kwargs):
        club.captain = PlayerFactory(club=club)


class ChildRestingFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChildResting


class RestingFactory(SQLAlchemyModelFactory):
    """Its traits have what is called with each object, and are off."""

    class Meta:
        model = models.Resting

    class Params:
        parent = factory.Trait(
            more="parent", some=factory.RelatedFactoryList(ChildRestingFactory, "owner", size=2)
        )
        told = factory.Trait(after=factory.PostGeneration(lambda obj, *_, **__: 1 / 0))

    text = factory.Sequence(lambda n: f"owner {n}")


class ChildSwitchedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChildSwitched

    number = factory.Sequence(lambda n: n)


class SwitchedFactory(SQLAlchemyModelFactory):
    """Every third row has two children by a trait, the others one."""

    class Meta:
        model = models.Switched

    class Params:
        parent = factory.Trait(
            some=factory.RelatedFactoryList(
                ChildSwitchedFactory, "owner", size=2, text=factory.SelfAttribute("owner.text")
            )
        )

    parent = factory.Sequence(lambda n: n % 3 == 0)
    text = factory.Sequence(lambda n: f"owner {n}")
    some = factory.RelatedFactory(ChildSwitchedFactory, "owner", more="one")
    some__more = "given"


class QuayFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Quay

    text = factory.Sequence(lambda n: f"quay {n}")

    @factory.post_generation
    def built(obj, create, extracted, **kwargs):
        obj.more = f"{obj.text}, {extracted}"


class ChildCrateFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.ChildCrate

    number = factory.Sequence(lambda n: n)

    @factory.post_generation
    def told(obj, create, extracted, **kwargs):
        obj.more = f"of {obj.owner.text}"


class CrateFactory(SQLAlchemyModelFactory):
    """What follows does so in order, and sees what was done for the rows before."""

    class Meta:
        model = models.Crate

    class Params:
        heavy = factory.Trait(
            marked=factory.PostGeneration(lambda obj, *_: setattr(obj, "more", "!"))
        )

    heavy = factory.Sequence(lambda n: n % 3 == 0)
    text = factory.Sequence(lambda n: f"crate {n}")
    home = factory.SubFactory(QuayFactory, built="told")
    quays = Links(QuayFactory, min=2, max=2)
    first = factory.PostGeneration(lambda obj, *_: setattr(obj, "text", f"{obj.text} first"))
    children = factory.RelatedFactoryList(ChildCrateFactory, "owner", size=2)

    @factory.post_generation
    def counted(obj, create, extracted, **kwargs):
        obj.number = object_session(obj).query(models.ChildCrate).count()

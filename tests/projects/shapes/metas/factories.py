import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models


class RenamedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Renamed
        rename = {"title": "text", "metadata_": "more"}

    title = factory.Sequence(lambda n: f"title {n}")
    metadata_ = factory.LazyAttribute(lambda o: o.title.upper())


class ExcludedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Excluded
        exclude = ("now", "here")

    now = factory.Sequence(lambda n: n + 1)
    here = "here"
    text = factory.LazyAttribute(lambda o: f"{o.here} {o.now}")
    number = factory.SelfAttribute("now")


class PositionalFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Positional
        inline_args = ("text", "number")

    number = factory.Sequence(lambda n: n)
    more = "by name"
    text = factory.LazyAttribute(lambda o: f"text {o.number}")


class FoundFactory(SQLAlchemyModelFactory):
    """Four rows, however many are asked for; the first of each keeps its number."""

    class Meta:
        model = models.Found
        sqlalchemy_get_or_create = ("text",)

    text = factory.Sequence(lambda n: f"key {n % 4}")
    number = factory.Sequence(lambda n: n)


class FoundTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.FoundTown
        sqlalchemy_get_or_create = ("text",)

    text = factory.Iterator(["Rome", "Oslo", "Lima"])


class FoundlingFactory(SQLAlchemyModelFactory):
    """Ordinary itself, with a parent that is looked for first."""

    class Meta:
        model = models.Foundling

    number = factory.Sequence(lambda n: n)
    town = factory.SubFactory(FoundTownFactory)


class GrantNoteFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.GrantNote

    text = factory.LazyAttribute(lambda o: f"of {o.grant.text}, {o.grant.number}")


class GrantFactory(SQLAlchemyModelFactory):
    """Looked up by a row that is looked up itself, and by a text that may be missing."""

    class Meta:
        model = models.Grant
        sqlalchemy_get_or_create = ("town", "text")

    town = factory.SubFactory(FoundTownFactory)
    text = factory.Iterator(["read", None])
    number = factory.Sequence(lambda n: n)
    note = factory.RelatedFactory(GrantNoteFactory, "grant")


class CasedFactory(SQLAlchemyModelFactory):
    """What it looks for is equal in some databases only."""

    class Meta:
        model = models.Cased
        sqlalchemy_get_or_create = ("text",)

    text = factory.Iterator(["Lom", "LOM", "Lóm"])
    number = factory.Sequence(lambda n: n)


class AdjustedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Adjusted

    number = factory.Sequence(lambda n: n)

    @classmethod
    def _adjust_kwargs(cls, **kwargs):
        kwargs["text"] = f"adjusted {kwargs['number']}"
        return kwargs


class CreatedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Created

    text = factory.Sequence(lambda n: f"c{n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        kwargs["number"] = len(kwargs["text"])
        made = super()._create(model_class, *args, **kwargs)
        made.more = "created"
        return made


class InstantiatedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Instantiated

    text = factory.Sequence(lambda n: f"i{n}")

    @classmethod
    def _save(cls, model_class, session, args, kwargs):
        made = super()._save(model_class, session, args, kwargs)
        made.more = f"saved {made.text}"
        return made


class AbstractFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True

    text = factory.Sequence(lambda n: f"abstract {n}")
    more = "abstract"


class InheritedFactory(AbstractFactory):
    """Half of its declarations are those of its base."""

    class Meta:
        model = models.Inherited

    more = "own"
    number = factory.LazyAttribute(lambda o: len(o.text))


class SharedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Shared

    number = factory.Sequence(lambda n: n)
    text = factory.Iterator(["x", "y", "z"])


class SharedTooFactory(SharedFactory):
    """Of another model: a sequence of its own, but the Iterator of its base."""

    class Meta:
        model = models.SharedToo


class TouchedFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Touched

    text = factory.Sequence(lambda n: f"t{n}")

    @factory.post_generation
    def touch(obj, create, extracted, **kwargs):
        obj.more = f"{obj.text} {kwargs['sign']}" if create else "built"
        obj.number = extracted

    touch__sign = "!"


class MethodFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Method

    number = factory.Sequence(lambda n: n)
    shouted = factory.PostGenerationMethodCall("shout", "hey", times=2)


class SkippingFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Skipping

    number = factory.Sequence(lambda n: n)
    text = factory.Maybe(
        factory.LazyAttribute(lambda o: o.number % 2), factory.Sequence(str), factory.Sequence(hex)
    )
    after = factory.PostGeneration(lambda obj, create, extracted: setattr(obj, "more", "after"))


class SubPostTownFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.SubPostTown

    text = factory.Sequence(lambda n: f"town {n}")

    @factory.post_generation
    def after(obj, create, extracted, **kwargs):
        obj.more = f"{obj.text}, {extracted}"


class SubPostFactory(SQLAlchemyModelFactory):
    """Ordinary itself, with a parent that is changed afterwards, as it says."""

    class Meta:
        model = models.SubPost

    town = factory.SubFactory(SubPostTownFactory, after="told")
    text = factory.SelfAttribute("town.more")


class AfterwardsFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Afterwards

    text = factory.Sequence(lambda n: f"t{n}")
    first = factory.PostGeneration(lambda obj, create, extracted: 7)

    @classmethod
    def _after_postgeneration(cls, instance, create, results=None):
        instance.number = results["first"]
        super()._after_postgeneration(instance, create, results)


class NamedOne(SQLAlchemyModelFactory):
    """One of two factories for a model: it is not the one that the model's name stands for."""

    class Meta:
        model = models.Named

    text = "one"


class NamedFactory(NamedOne):
    text = factory.Sequence(lambda n: f"{n}")


class FriendlyFactory(SQLAlchemyModelFactory):
    """Each is linked to itself."""

    class Meta:
        model = models.Friendly

    number = factory.Sequence(lambda n: n)

    @factory.post_generation
    def friends(obj, create, extracted, **kwargs):
        obj.friends.append(obj)

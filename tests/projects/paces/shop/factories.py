"""A factory for each of the shapes, with declarations as most factories have them."""

import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import models


class RowFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True

    name = factory.Faker("name")
    mail = factory.Sequence(lambda n: f"Person.{n}@example.com")


class PlainFactory(RowFactory):
    class Meta:
        model = models.Plain


class NoteFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Note

    text = factory.Faker("word")


class RestedFactory(RowFactory):
    """Its traits are off."""

    class Meta:
        model = models.Rested

    class Params:
        noted = factory.Trait(notes=factory.RelatedFactoryList(NoteFactory, "rested", size=2))
        touched = factory.Trait(after=factory.PostGeneration(lambda obj, create, extracted: None))


_sizes = iter([0, 1, 2] * 1_000_000)


class RelatedFactory(RowFactory):
    class Meta:
        model = models.Related

    notes = factory.RelatedFactoryList(NoteFactory, "related", size=lambda: next(_sizes))


class FieldedFactory(RowFactory):
    class Meta:
        model = models.Fielded


class FinishedFactory(RowFactory):
    class Meta:
        model = models.Finished


class InitialisedFactory(RowFactory):
    class Meta:
        model = models.Initialised


class ValidatedFactory(RowFactory):
    class Meta:
        model = models.Validated


class FoundFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Found
        sqlalchemy_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"C{n % 500}")
    name = factory.Faker("name")


class FindingFactory(RowFactory):
    class Meta:
        model = models.Finding

    found = factory.SubFactory(FoundFactory)


class TagFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Tag

    text = factory.Faker("word")


class TaggedFactory(RowFactory):
    """Two tags, made for each row."""

    class Meta:
        model = models.Tagged

    @factory.post_generation
    def tags(obj, create, extracted, **kwargs):
        obj.tags.extend(extracted or [models.Tag(text="new"), models.Tag(text="old")])


class HookedFactory(RowFactory):
    class Meta:
        model = models.Hooked

    @factory.post_generation
    def number(obj, create, extracted, **kwargs):
        obj.number = extracted or len(obj.name)


class CalledFactory(RowFactory):
    class Meta:
        model = models.Called

    number = factory.PostGenerationMethodCall("set_number", 7)

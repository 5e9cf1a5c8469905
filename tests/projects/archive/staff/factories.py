import os
from decimal import Decimal

import factory
from factory.alchemy import SQLAlchemyModelFactory

from sqlalchemy_manage.seeding import Links

from . import models


class DocFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Doc

    title = factory.Faker("word")


class PageFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Page

    doc = factory.SubFactory(DocFactory)


class BareFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Bare


class EntryFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Entry

    tenant = factory.Iterator(["a", "b"])


class MeasureFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Measure

    place = "here"
    weight = Decimal("1.005")  # more digits than it has, which SQLite keeps
    number = factory.Sequence(lambda n: n // 2)


class TagFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Tag

    name = factory.Faker("word")


class PostFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Post

    name = factory.Faker("word")
    tags = Links(TagFactory, min=1, max=2)
    marks = Links(TagFactory, min=1, max=2)


class JobFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Job

    @factory.post_generation
    def skills(self, create, extracted, **kwargs):
        self.skills.append(TagFactory())


class UserFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.User

    name = factory.Faker("name")


class LetterFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Letter

    id = factory.Sequence(lambda n: n + 1)

    @factory.lazy_attribute
    def text(self):
        if "DIE" in os.environ:  # as if it were killed here
            os._exit(9)
        return "hello"


class TeamFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Team

    code = factory.Sequence(lambda n: f"T{n}")


class FanFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Fan

    team = factory.SubFactory(TeamFactory)


class OwnEntryFactory(EntryFactory):
    @classmethod
    def _create(cls, model, *args, **kwargs):
        return super()._create(model, *args, **kwargs)


class OwnMeasureFactory(MeasureFactory):
    number = factory.Sequence(lambda n: 1000 + n)

    @classmethod
    def _create(cls, model, *args, **kwargs):
        return super()._create(model, *args, **kwargs)

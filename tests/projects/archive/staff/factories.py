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
    text = factory.Faker("word")

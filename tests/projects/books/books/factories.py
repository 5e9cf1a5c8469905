"""Ordinary factory_boy factories for every model."""

from datetime import date
from decimal import Decimal

import factory
from factory.alchemy import SQLAlchemyModelFactory

from .models import Author, Book, Chapter, Edition, Tag


class AuthorFactory(SQLAlchemyModelFactory):
    """An author; every third has a mentor, who is made too and has none."""

    class Meta:
        model = Author

    class Params:
        taught = factory.Sequence(lambda n: n % 3 == 2)

    code = factory.Sequence(lambda n: f"author-{n:05}")
    name = factory.Faker("name")
    born = factory.Faker("date_between", start_date=date(1900, 1, 1), end_date=date(2000, 12, 31))
    mentor = factory.Maybe(
        "taught", factory.SubFactory("books.factories.AuthorFactory", taught=False), None
    )


class TagFactory(SQLAlchemyModelFactory):
    """A tag."""

    class Meta:
        model = Tag

    word = factory.Sequence(lambda n: f"tag {n}")


class BookFactory(SQLAlchemyModelFactory):
    """A book with one tag, or with those that the caller passes."""

    class Meta:
        model = Book

    shelf = factory.Iterator(["A", "B", "C"])
    number = factory.Sequence(lambda n: n + 1)
    title = factory.Faker("sentence", nb_words=4)
    lent = factory.Faker("boolean")
    author = factory.SubFactory(AuthorFactory)

    @factory.post_generation
    def tags(book, create, extracted, **kwargs):
        make = TagFactory.create if create else TagFactory.build
        book.tags.extend([make()] if extracted is None else extracted)


class EditionFactory(SQLAlchemyModelFactory):
    """An edition of a book of its own."""

    class Meta:
        model = Edition

    price = factory.Sequence(lambda n: Decimal(n) + Decimal("0.95"))
    book = factory.SubFactory(BookFactory)


class ChapterFactory(SQLAlchemyModelFactory):
    """A chapter of a book of its own."""

    class Meta:
        model = Chapter

    position = factory.Sequence(lambda n: n + 1)
    heading = factory.Faker("sentence", nb_words=3)
    book = factory.SubFactory(BookFactory)

import factory
from factory.alchemy import SQLAlchemyModelFactory

from blog.models import Base, Item


class BlogFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        model = Base


class ItemFactory(BlogFactory):
    class Meta:
        model = Item

    title = factory.Sequence(lambda n: f"Item {n}")


class LongItemFactory(ItemFactory):
    title = "A long title"

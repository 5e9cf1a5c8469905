import factory
from factory.alchemy import SQLAlchemyModelFactory

from shop.models import Item


class ItemFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Item

    code = factory.Sequence(lambda n: f"code {n}")

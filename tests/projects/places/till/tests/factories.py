import factory
from factory.alchemy import SQLAlchemyModelFactory

from till.models import Sale


class SaleFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Sale

    item = factory.SubFactory("shop.factories.ItemFactory")

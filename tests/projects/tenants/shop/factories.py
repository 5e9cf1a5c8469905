import factory

from .models import Customer, Order


class CustomerFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = Customer

    name = factory.Faker("name")


class OrderFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = Order

    customer = factory.SubFactory(CustomerFactory)

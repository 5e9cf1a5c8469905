import factory

from .models import Page, User, Visit


class UserFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = User

    name = factory.Faker("name")


class VisitFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = Visit

    user_id = factory.Sequence(lambda number: number)


class PageFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = Page

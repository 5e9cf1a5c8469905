from typing import Any

import factory
from factory.alchemy import SQLAlchemyModelFactory

from sqlalchemy_manage.seeding import Link, Links

from . import models


class ContinentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Continent

    code = factory.Sequence(lambda n: f"{n:02}")


class CountryFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Country

    code = factory.Sequence(lambda n: f"{n:02}")
    continent = factory.SubFactory(ContinentFactory)


class CityFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.City

    class Params:
        seat = factory.Trait(kind="seat of the government")
        lucky = factory.Trait(kind=factory.Faker("word"))

    name = factory.Faker("city")
    country = factory.SubFactory(CountryFactory)


class LinkedCityFactory(CityFactory):
    country = Link(CountryFactory)


class PermFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Perm

    code = factory.Sequence(lambda n: f"perm-{n}")


class ScopeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Scope


class RoleFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Role

    name = factory.Sequence(lambda n: f"role-{n}")


class HookedRoleFactory(RoleFactory):
    """As factory_boy's documentation has it."""

    @factory.post_generation
    def perms(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        for perm in extracted or ():
            self.perms.append(perm)


class MakingRoleFactory(RoleFactory):
    """Makes the rows whose codes it is given."""

    @factory.post_generation
    def perms(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        for code in extracted or ():
            self.perms.append(PermFactory(code=code))


class DrawingRoleFactory(RoleFactory):
    perms = Links(PermFactory, min=1, max=2)


class AccountFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Account
        rename = {"email_address": "email"}

    class Params:
        suffix = "x"

    email_address = factory.Sequence(lambda n: f"a{n}@example.org")
    profile = factory.RelatedFactory(
        "access.factories.ProfileFactory", factory_related_name="user", bio="none yet"
    )
    last = factory.LazyAttribute(lambda o: o.suffix)
    pin = factory.PostGenerationMethodCall("set_token", "none")


class ProfileFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Profile


class ProductFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Product

import factory
from factory import fuzzy
from factory.alchemy import SQLAlchemyModelFactory

from sqlalchemy_manage.seeding import Link, Links

from .models import (
    Card,
    Cat,
    Color,
    Dog,
    Locker,
    Member,
    Room,
    Team,
    Topic,
    Visit,
    Vote,
    Walk,
)


class MemberFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Member

    class Params:
        loud = factory.Trait(name=factory.Sequence(lambda n: f"LOUD {n}"))

    name = factory.Faker("name")
    sponsor = Link("club.factories.MemberFactory", depth=4)
    team = Link("club.factories.TeamFactory", none=0.25)


class TeamFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Team

    name = factory.Faker("last_name")
    captain = Link(MemberFactory, unique=True)


class CardFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Card

    member = Link(MemberFactory, unique=True)


class TopicFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Topic

    slug = factory.Sequence(lambda n: f"topic-{n:07}")
    parent = Link("club.factories.TopicFactory", depth=3)


class VoteFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Vote

    member = Link(MemberFactory)
    topic = Link(TopicFactory, weights=lambda place: 1 / (place + 1))


class LockerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Locker

    number = factory.Sequence(lambda n: n)


class RoomFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Room

    color = fuzzy.FuzzyChoice(Color)
    lockers = Links(LockerFactory, min=2, max=6)


class VisitFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Visit

    place = factory.Iterator(["hall", "court"])


class CatFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Cat


class DogFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Dog


class WalkFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Walk

    dog = Link(DogFactory)

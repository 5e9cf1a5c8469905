"""Async factories, by each of the hooks in which projects wait for the session."""

import asyncio
import inspect

import factory
from factory.alchemy import SQLAlchemyModelFactory, SQLAlchemyOptions
from sqlalchemy.ext.asyncio import async_scoped_session, async_sessionmaker

from .models import Club, Member, Room

SessionLocal = async_sessionmaker()
Session = async_scoped_session(SessionLocal, lambda: 1)


class AsyncFactory(factory.Factory):
    """With tasks, of factory_boy's base class, as in a package of public renown."""

    _options_class = SQLAlchemyOptions

    class Meta:
        abstract = True

    @classmethod
    async def create(cls, **kwargs):
        made = await super().create(**kwargs)
        await cls._meta.sqlalchemy_session.commit()
        return made

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        async def make():
            for name, value in kwargs.items():
                kwargs[name] = await value if inspect.isawaitable(value) else value
            made = model_class(*args, **kwargs)
            cls._meta.sqlalchemy_session.add(made)
            await cls._meta.sqlalchemy_session.commit()
            await cls._meta.sqlalchemy_session.refresh(made)
            made.ref = f"M-{made.id}"
            return made

        return asyncio.create_task(make())


class ClubFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Club
        sqlalchemy_session_factory = SessionLocal

    name = factory.Sequence("club {}".format)

    @classmethod
    async def _save(cls, model_class, session, args, kwargs):
        made = model_class(*args, **kwargs)
        session.add(made)
        await session.flush()
        return made


class RoomFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Room

    name = factory.Sequence("room {}".format)

    @classmethod
    async def create(cls, **kwargs):
        made = super().build(**kwargs)
        cls._meta.sqlalchemy_session.add(made)
        await cls._meta.sqlalchemy_session.flush()
        return made


class MemberFactory(AsyncFactory):
    class Meta:
        model = Member
        sqlalchemy_session = Session

    ref = ""
    club = factory.SubFactory(ClubFactory)

"""Rows as factory_boy makes them: ``create.py [FACTORY=COUNT ...]``, on empty tables."""

import importlib
import os
import random
import sys

import factory.random
import sqlalchemy as sa
from common import Base
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy.orm import Session

import settings

CHUNK = 200

if __name__ == "__main__":
    engine = sa.create_engine(os.environ["DATABASE_URL"])
    factories = {}
    for app in settings.INSTALLED_APPS:
        importlib.import_module(f"{app}.models")
        factories |= vars(importlib.import_module(f"{app}.factories"))
    Base.metadata.create_all(engine)
    random.seed(20)
    factory.random.reseed_random(20)
    with Session(engine) as session:
        for each in factories.values():
            if isinstance(each, type) and issubclass(each, SQLAlchemyModelFactory):
                each._meta.sqlalchemy_session = session
                if each is not SQLAlchemyModelFactory:
                    each.reset_sequence(0, force=True)
        for pair in sys.argv[1:]:
            name, count = pair.split("=")
            for start in range(0, int(count), CHUNK):
                factories[name].create_batch(min(CHUNK, int(count) - start))
                session.flush()
        session.commit()

"""The same rows as the profile, by factory_boy alone."""

import factory.random
from school import db, factories, seeds

if __name__ == "__main__":
    factory.random.reseed_random(1)
    session = factories.BaseFactory._meta.sqlalchemy_session or db.Session()
    for each in (factories.SchoolFactory, factories.MarkFactory, *seeds.WAYS):
        if factories.NAMED == "none":
            each._meta.sqlalchemy_session = session
    for rows in seeds.ways.rows:
        for _ in range(rows.count):
            rows.factory.create()
            session.commit()  # a session of its own would wait for this one on SQLite

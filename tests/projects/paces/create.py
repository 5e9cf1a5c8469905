"""create_batch alone: ``create.py FACTORY=COUNT`` prints JSON with rows and seconds.

On empty tables of DATABASE_URL; without an argument it makes the tables.
"""

import json
import os
import random
import sys
import time

import factory.random
import sqlalchemy as sa
from shop import factories, models
from sqlalchemy.orm import Session

engine = sa.create_engine(os.environ["DATABASE_URL"])
if len(sys.argv) == 1:
    models.Base.metadata.create_all(engine)
    sys.exit()
name, count = sys.argv[1].split("=")
random.seed(1)
factory.random.reseed_random(1)
with Session(engine) as session:
    for each in vars(factories).values():
        if isinstance(each, type):
            each._meta.sqlalchemy_session = session
    owner = getattr(factories, name)
    owner.build(), factories.NoteFactory.build()  # Faker reads its lists
    start = time.perf_counter()
    owner.create_batch(int(count))
    session.commit()
    seconds = time.perf_counter() - start
    tables = models.Base.metadata.sorted_tables
    rows = sum(session.scalar(sa.select(sa.func.count()).select_from(each)) for each in tables)
print(json.dumps({"rows": rows, "seconds": seconds}))

"""mimesis makes the values, SQLAlchemy Core inserts them.

    python mimesis_core.py EMPLOYEES   # prints JSON: rows and seconds

In the project's folder, on the migrated database of DATABASE_URL.
"""

import json
import os
import random
import sys
import time

import sqlalchemy as sa
from mimesis import Datetime, Person
from mimesis.locales import Locale

from hr.models import Department, Employee, department_employee_link

count = int(sys.argv[1])
random.seed(1)
url = sa.make_url(os.environ["DATABASE_URL"])
if url.get_backend_name() == "postgresql":
    url = url.set(drivername="postgresql+psycopg")
person, moment = Person(Locale.EN, seed=1), Datetime(seed=1)
start = time.perf_counter()
with sa.create_engine(url).begin() as connection:
    few = max(1, count // 1000)
    rows = [{"id": n + 1, "name": person.occupation()} for n in range(few)]
    connection.execute(sa.insert(Department), rows)
    links = 0
    for first in range(0, count, 10_000):
        numbers = range(first + 1, min(first + 10_000, count) + 1)
        connection.execute(
            sa.insert(Employee),
            [
                {
                    "id": n,
                    "name": person.full_name(),
                    "hired_on": moment.datetime(start=2015, end=2025).replace(microsecond=0),
                }
                for n in numbers
            ],
        )
        pairs = [
            {"employee_id": n, "department_id": d}
            for n in numbers
            for d in random.sample(range(1, few + 1), min(few, random.randint(1, 2)))
        ]
        connection.execute(sa.insert(department_employee_link), pairs)
        links += len(pairs)
seconds = time.perf_counter() - start
print(json.dumps({"rows": few + count + links, "seconds": seconds}))

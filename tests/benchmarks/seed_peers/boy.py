"""factory_boy alone: create_batch of hr's factories, links appended, one commit.

    python boy.py EMPLOYEES   # prints JSON: rows and seconds

In the project's folder, on the migrated database of DATABASE_URL.
"""

import json
import os
import random
import sys
import time

import factory.random
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hr.factories import DepartmentFactory, EmployeeFactory

count = int(sys.argv[1])
factory.random.reseed_random(1)
random.seed(1)
url = sa.make_url(os.environ["DATABASE_URL"])
if url.get_backend_name() == "postgresql":
    url = url.set(drivername="postgresql+psycopg")
with Session(sa.create_engine(url)) as session:
    for each in (DepartmentFactory, EmployeeFactory):
        each._meta.sqlalchemy_session = session
    DepartmentFactory.build(), EmployeeFactory.build(departments=[])  # Faker reads its lists
    start = time.perf_counter()
    departments = DepartmentFactory.create_batch(max(1, count // 1000))
    links = 0
    for employee in EmployeeFactory.create_batch(count, departments=[]):
        wanted = min(len(departments), random.randint(1, 2))
        for department in random.sample(departments, wanted):
            employee.departments.append(department)
        links += wanted
    session.commit()
    seconds = time.perf_counter() - start
print(json.dumps({"rows": len(departments) + count + links, "seconds": seconds}))

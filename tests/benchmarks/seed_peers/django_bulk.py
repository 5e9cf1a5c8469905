"""Django's way: factory_boy builds the objects, bulk_create writes them and the links.

    python django_bulk.py EMPLOYEES   # prints JSON: rows and seconds

On an empty database of DATABASE_URL; it makes tables of its own, beforehand. They have what
Django gives a ManyToManyField: a key of its own, both foreign keys indexed, the pair unique.
"""

import json
import os
import random
import sys
import time
from datetime import date, datetime
from datetime import time as clock

import django
import factory
import factory.random
from django.conf import settings
from django.db import connection, models, transaction
from factory.django import DjangoModelFactory
from sqlalchemy import make_url

url = make_url(os.environ["DATABASE_URL"])
if url.get_backend_name() == "sqlite":
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.database}
else:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username,
        "PASSWORD": url.password,
        "HOST": url.host,
        "PORT": url.port,
    }
settings.configure(DATABASES={"default": database}, USE_TZ=False)
django.setup()


class Department(models.Model):
    name = models.CharField(max_length=255, null=True)

    class Meta:
        app_label = "peer"


class Employee(models.Model):
    name = models.CharField(max_length=255, null=True)
    hired_on = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    departments = models.ManyToManyField(Department)

    class Meta:
        app_label = "peer"


class DepartmentFactory(DjangoModelFactory):
    class Meta:
        model = Department

    name = factory.Faker("job")


class EmployeeFactory(DjangoModelFactory):
    class Meta:
        model = Employee

    class Params:
        first_day = factory.Faker(
            "date_between", start_date=date(2015, 1, 1), end_date=date(2025, 12, 31)
        )

    name = factory.Faker("name")
    hired_on = factory.LazyAttribute(lambda e: datetime.combine(e.first_day, clock(9)))


count = int(sys.argv[1])
random.seed(1)
factory.random.reseed_random(1)
with connection.schema_editor() as editor:
    editor.create_model(Department)
    editor.create_model(Employee)
start = time.perf_counter()
with transaction.atomic():
    departments = Department.objects.bulk_create(
        DepartmentFactory.build_batch(max(1, count // 1000)), batch_size=5000
    )
    employees = Employee.objects.bulk_create(EmployeeFactory.build_batch(count), batch_size=5000)
    Through = Employee.departments.through
    links = [
        Through(employee_id=employee.pk, department_id=department.pk)
        for employee in employees
        for department in random.sample(departments, min(len(departments), random.randint(1, 2)))
    ]
    Through.objects.bulk_create(links, batch_size=5000)
seconds = time.perf_counter() - start
print(json.dumps({"rows": len(departments) + count + len(links), "seconds": seconds}))

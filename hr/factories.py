"""Made-up departments and employees: ordinary factory_boy factories."""

from __future__ import annotations

from datetime import date, datetime, time

import factory
from factory.alchemy import SQLAlchemyModelFactory

from sqlalchemy_manage.seeding import Links

from .models import Department, Employee


class DepartmentFactory(SQLAlchemyModelFactory):
    """A department, named after a trade."""

    class Meta:
        model = Department

    name = factory.Faker("job")


class EmployeeFactory(SQLAlchemyModelFactory):
    """An employee, hired at nine in the morning, in one to three departments."""

    class Meta:
        model = Employee

    class Params:
        # Fixed dates: with relative ones the same random seed gives other rows tomorrow.
        first_day = factory.Faker(
            "date_between", start_date=date(2015, 1, 1), end_date=date(2025, 12, 31)
        )

    name = factory.Faker("name")
    # Whole seconds: MariaDB's DATETIME has no fractions.
    hired_on = factory.LazyAttribute(lambda employee: datetime.combine(employee.first_day, time(9)))
    departments = Links(DepartmentFactory, min=1, max=3)

"""What ``manage.py seed demo`` and ``manage.py seed load`` make."""

from __future__ import annotations

from sqlalchemy_manage.seeding import Links, Profile, Reference, Rows

from .factories import DepartmentFactory, EmployeeFactory

reference = Profile(
    Reference(DepartmentFactory, [{"name": "IT"}, {"name": "Financial"}], key="name"),
)

demo = Profile(
    Rows(DepartmentFactory, 20),
    Rows(EmployeeFactory, 500),
)

load = Profile(
    Rows(DepartmentFactory, 1_000),
    # One or two departments each: 1,500,000 links.
    Rows(EmployeeFactory, 1_000_000, departments=Links(DepartmentFactory, min=1, max=2)),
)

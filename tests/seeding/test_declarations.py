"""Links in ordinary factory_boy use, and the session that factories are given."""

from __future__ import annotations

from collections.abc import Iterator

import factory.random
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hr.factories import DepartmentFactory, EmployeeFactory
from hr.models import Base, Department, Employee
from sqlalchemy_manage.project import Project
from sqlalchemy_manage.seeding import Links
from sqlalchemy_manage.seeding.discovery import project_factories
from sqlalchemy_manage.seeding.factories import bound


@pytest.fixture
def session() -> Iterator[Session]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    factory.random.reseed_random(3)
    with Session(engine) as session, bound(session):
        yield session
    engine.dispose()


def test_create_draws_from_the_rows_that_are_there(session: Session) -> None:
    departments = DepartmentFactory.create_batch(5)
    session.flush()
    employees = EmployeeFactory.create_batch(40)
    session.commit()
    assert session.scalar(sa.select(sa.func.count(Department.id))) == 5
    sizes = {len(employee.departments) for employee in employees}
    assert sizes == {1, 2, 3}
    assert all(len(set(e.departments)) == len(e.departments) for e in employees)
    assert {d for e in employees for d in e.departments} == set(departments)


def test_create_makes_what_is_missing_to_choose_from(session: Session) -> None:
    employee = EmployeeFactory()
    EmployeeFactory()
    session.commit()
    assert 1 <= len(employee.departments) <= 3
    assert session.scalar(sa.select(sa.func.count(Department.id))) == 3


def test_a_value_of_the_caller_wins(session: Session) -> None:
    it = DepartmentFactory(name="IT")
    assert EmployeeFactory(departments=[it]).departments == [it]
    assert EmployeeFactory(departments=[]).departments == []


def test_build_needs_no_session() -> None:
    employee = EmployeeFactory.build()
    assert 1 <= len(employee.departments) <= 3
    assert all(isinstance(department, Department) for department in employee.departments)


def test_a_row_deleted_since_is_not_drawn(session: Session) -> None:
    first, *rest = DepartmentFactory.create_batch(4)
    session.flush()
    EmployeeFactory()
    session.delete(first)
    session.flush()
    drawn = {d for e in EmployeeFactory.create_batch(30) for d in e.departments}
    assert drawn == set(rest)


@pytest.mark.parametrize(("low", "high"), [(-1, 2), (3, 2)])
def test_bounds_that_make_no_sense(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="0 <= min <= max"):
        Links(DepartmentFactory, min=low, max=high)


def test_the_factories_get_their_own_session_back(session: Session) -> None:
    own = object()
    options = EmployeeFactory._meta
    with bound(session):
        pass
    options.sqlalchemy_session, options.sqlalchemy_session_persistence = own, "commit"
    try:
        with bound(session):
            assert options.sqlalchemy_session is session
            assert options.sqlalchemy_session_persistence == "commit"
        assert options.sqlalchemy_session is own
        assert options.sqlalchemy_session_persistence == "commit"
    finally:
        options.sqlalchemy_session, options.sqlalchemy_session_persistence = session, None


def test_the_factories_of_a_project_are_those_its_apps_define() -> None:
    found = project_factories(Project("settings"))
    assert found == {"DepartmentFactory": DepartmentFactory, "EmployeeFactory": EmployeeFactory}
    assert found["EmployeeFactory"]._meta.model is Employee

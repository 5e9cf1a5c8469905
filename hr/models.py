"""Departments, employees, and which of them belong together."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

# MariaDB wants a length for a VARCHAR; SQLite and PostgreSQL take it without.
Name = String().with_variant(String(255), "mysql", "mariadb")


class Base(DeclarativeBase):
    """Base of the app's models; constraints get names, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        }
    )


department_employee_link = Table(
    "department_employee_link",
    Base.metadata,
    Column("department_id", ForeignKey("department.id"), primary_key=True),
    # `check` would want an index here, for the departments of an employee; so few do without.
    Column("employee_id", ForeignKey("employee.id"), primary_key=True, info={"index": False}),
)


class Department(Base):
    """A department, with any number of employees."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Name)

    employees: Mapped[list[Employee]] = relationship(
        secondary=department_employee_link, back_populates="departments"
    )

    def __repr__(self) -> str:
        return f"<Department {self.id}: {self.name}>"


class Employee(Base):
    """An employee, in any number of departments."""

    __tablename__ = "employee"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Name)
    hired_on: Mapped[datetime | None] = mapped_column(default=datetime.now)
    # Kept by a trigger of the database (migration 0003), in UTC; null until the first change.
    updated_at: Mapped[datetime | None]

    departments: Mapped[list[Department]] = relationship(
        secondary=department_employee_link, back_populates="employees"
    )

    def __repr__(self) -> str:
        return f"<Employee {self.id}: {self.name}>"

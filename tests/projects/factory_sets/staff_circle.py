"""Departments with a head, employees with a manager: two circles, by string paths."""


# %% models
class Department(Base):
    __tablename__ = "department"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    head_id: Mapped[Optional[int]] = mapped_column(
        ForeignKey("employee.id", use_alter=True, name="department_head")
    )
    head: Mapped[Optional["Employee"]] = relationship(foreign_keys=[head_id], post_update=True)


class Employee(Base):
    __tablename__ = "employee"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    manager_id: Mapped[Optional[int]] = mapped_column(ForeignKey("employee.id"))
    department: Mapped[Department] = relationship(foreign_keys=[department_id], backref="staff")
    manager: Mapped[Optional["Employee"]] = relationship(remote_side=[id], backref="reports")


# %% factories
class DepartmentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Department
        sqlalchemy_session = Session

    name = factory.Sequence(lambda n: f"department {n}")


class EmployeeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Employee
        sqlalchemy_session = Session

    class Params:
        managed = factory.Trait(
            manager=factory.SubFactory(
                "shop.factories.EmployeeFactory", department=factory.SelfAttribute("..department")
            )
        )

    name = factory.Faker("name")
    department = factory.SubFactory(DepartmentFactory)


class ManagedFactory(EmployeeFactory):
    managed = True


class HeadedDepartmentFactory(DepartmentFactory):
    head = factory.SubFactory(
        "shop.factories.EmployeeFactory", department=factory.SubFactory(DepartmentFactory)
    )


# %% counts
{"EmployeeFactory": 3, "ManagedFactory": 3, "HeadedDepartmentFactory": 2}


# %% equal
[
    "SELECT name FROM department",
    "SELECT count(*), count(manager_id), count(DISTINCT department_id) FROM employee",
    "SELECT count(*), count(head_id) FROM department",
]


# %% never
[
    "SELECT e.id FROM employee e JOIN employee m ON m.id = e.manager_id"
    " WHERE m.department_id <> e.department_id"
]

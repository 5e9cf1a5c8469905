"""headcount: how many employees each department has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sqlalchemy_manage import output

if TYPE_CHECKING:
    from sqlalchemy_manage import Project

BAR = 40  # characters for the largest department


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_obj
def command(project: Project, as_json: bool) -> None:
    """Show the employees per department, the largest first.

    \b
    Example:
      manage.py headcount
      manage.py headcount --json
    """
    # Imported here: --help loads every command, and should not wait for the models.
    from sqlalchemy import func, select

    from hr.models import Department, Employee, department_employee_link

    count = func.count(department_employee_link.c.employee_id)
    per_department = (
        select(Department.id, Department.name, count.label("employees"))
        .outerjoin(department_employee_link)
        .group_by(Department.id, Department.name)
        .order_by(count.desc(), Department.id)
    )
    homeless = select(func.count()).where(~Employee.departments.any()).select_from(Employee)
    with project.session() as session:
        rows = session.execute(per_department).all()
        without = session.scalar(homeless) or 0

    if as_json:
        departments = [row._asdict() for row in rows]
        output.answer_json({"departments": departments, "in_no_department": without})
        return
    counted = [(row.name or f"(department {row.id})", row.employees) for row in rows]
    counted.append(("(in no department)", without))
    names = max(len(name) for name, _ in counted)
    room = (output.width() or 1000) - names - len("   employees   ")
    scale = min(BAR, max(room, 1)) / max(1, *(employees for _, employees in counted))
    output.table(
        ("department", "employees", ""),
        [(name, n, "█" * max(n > 0, round(n * scale))) for name, n in counted],
        right=(1,),
    )

"""What the tables alone do not say: the trigger that keeps employee.updated_at.

It sets the time (UTC) on every update of an employee, unless the update itself sets
updated_at: a fixture or a restored row keeps the time it came with. Migration 0003
created it; an edited body here makes makemigrations write the next one.
"""

from __future__ import annotations

from sqlalchemy_manage.declare import Function, Trigger

from .models import Base, Employee

employee_set_updated_at = Function(
    "employee_set_updated_at",
    Base.metadata,
    postgresql="""
    CREATE FUNCTION employee_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
            NEW.updated_at = date_trunc('second', timezone('utc', clock_timestamp()));
        END IF;
        RETURN NEW;
    END
    $$
    """,
)

employee_updated = Trigger(
    "employee_set_updated_at",
    Base.metadata,
    table=Employee,
    sqlite="""
    CREATE TRIGGER employee_set_updated_at AFTER UPDATE ON employee
    FOR EACH ROW WHEN NEW.updated_at IS OLD.updated_at
    BEGIN
        UPDATE employee SET updated_at = datetime('now') WHERE id = NEW.id;
    END
    """,
    postgresql="""
    CREATE TRIGGER employee_set_updated_at BEFORE UPDATE ON employee
    FOR EACH ROW EXECUTE FUNCTION employee_set_updated_at()
    """,
    mysql="""
    CREATE TRIGGER employee_set_updated_at BEFORE UPDATE ON employee
    FOR EACH ROW SET NEW.updated_at =
        IF(NEW.updated_at <=> OLD.updated_at, UTC_TIMESTAMP(), NEW.updated_at)
    """,
)

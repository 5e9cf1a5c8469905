"""A domain of PostgreSQL in a revision file: its repr() has its name and its type alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql

from ..alembic_internals import render_type


def render_domain(type_: postgresql.DOMAIN, context: Any) -> str:
    """A domain with its CHECK, default and whatever else it has."""
    context.imports.add("from sqlalchemy.dialects import postgresql")
    names = ("collation", "constraint_name", "not_null", "schema")
    options = {name: getattr(type_, name) for name in names}
    if options["collation"] == "default":
        del options["collation"]  # as it is read back where there is none
    parts = [repr(str(type_.name)), render_type(type_.data_type, context)]
    parts += [f"{name}={value!r}" for name, value in options.items() if value]
    if type_.default is not None:
        text = getattr(type_.default, "text", None)
        sa_ = context.opts["sqlalchemy_module_prefix"]
        parts.append(
            f"default={type_.default!r}" if text is None else f"default={sa_}text({text!r})"
        )
    if type_.check is not None:
        parts.append(f"check={getattr(type_.check, 'text', str(type_.check))!r}")
    if not type_.create_type:
        parts.append("create_type=False")
    return f"postgresql.DOMAIN({', '.join(parts)})"

"""Operations on views, functions and triggers as calls in a revision file."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from typing import Any

from ....sql.create_statements import DATABASES, clean
from .operations import DropObjectOp, ObjectOp

_UNKNOWN = "not in the history: write the statement here that created it"


def render(context: Any, operation: ObjectOp) -> str:
    names = [repr(str(operation.name))]
    if operation.kind == "trigger":
        names.append(repr(str(operation.table_name)))
    lines = [*names]
    if isinstance(operation, DropObjectOp):
        lines += _drop_arguments(operation)
    else:
        lines += _statements(operation)
    if operation.schema:
        lines.append(f"schema={operation.schema!r}")
    call = f"{context.opts['alembic_module_prefix']}{operation.verb}_{operation.kind}"
    if not any("\n" in line or "#" in line for line in lines):
        return f"{call}({', '.join(lines)})"
    inner = "\n".join(line if line.endswith(_UNKNOWN) else f"{line}," for line in lines)
    return f"{call}(\n{inner}\n)"


def _drop_arguments(operation: DropObjectOp) -> Iterator[str]:
    if operation.kind == "function" and operation.signature is not None:
        yield repr(operation.signature)
    if operation.materialized:
        yield "materialized=True"
    if set(operation.statements) != set(DATABASES):
        names = [database for database in DATABASES if database in operation.statements]
        yield f"databases={names!r}"


def _statements(operation: ObjectOp) -> Iterator[str]:
    texts = operation.statements
    if operation.kind == "view" and len(texts) == len(DATABASES) and len(set(texts.values())) == 1:
        common = texts[DATABASES[0]]
        if common is not None:
            yield literal(common)
            return
    for database in DATABASES:
        if database in texts:
            text = texts[database]
            if text is None:
                yield f"{database}=None,  # {_UNKNOWN}"
            else:
                yield f"{database}={literal(text)}"


def literal(statement: str) -> str:
    """``statement`` as a readable Python literal, which ``clean`` turns into the same statement.

    Alembic indents what is rendered and cuts spaces from the ends of lines, in strings too.
    """
    block = textwrap.indent(statement, 8 * " ")
    prefix = "r" if "\\" in statement else ""
    text = f'{prefix}"""\n{block}\n    """'
    if _read_back(text) == statement:
        return text
    lines = "\n".join(f"    {line!r}" for line in statement.splitlines(keepends=True))
    return f"(\n{lines}\n)"


def _read_back(text: str) -> str | None:
    indented = textwrap.indent(text, "    ", lambda line: True)
    try:
        value = ast.literal_eval(
            "\n".join(line.rstrip(" ") for line in indented.split("\n")).strip()
        )
    except (SyntaxError, ValueError):
        return None
    return clean(value)

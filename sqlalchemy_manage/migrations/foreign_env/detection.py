"""Whose an env.py is: ours, which calls run_env(), or another's."""

from __future__ import annotations

import ast
from pathlib import Path

ENVIRONMENT = "env.py"


def foreign_env(folder: Path) -> Path | None:
    """The env.py of a migrations folder if it is another tool's; None if it is ours or missing.

    Ours calls ``run_env``. Another's would migrate without a lock, and without any of the checks.
    """
    file = folder / ENVIRONMENT
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return file if text.strip() and not _calls_run_env(text) else None


def _calls_run_env(text: str) -> bool:
    if "run_env" not in text:
        return False
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return True  # Alembic says where
    names = {"run_env"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy_manage":
            names |= {i.asname for i in node.names if i.name == "run_env" and i.asname}
    return any(isinstance(node, ast.Call) and _last(node.func) in names for node in ast.walk(tree))


def _last(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""

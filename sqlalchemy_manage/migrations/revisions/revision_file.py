"""A revision in the text of its file, read without running it, and without Alembic.

Alembic runs every file of a history to load it. The four assignments at the head of a file
are quicker to read; a file whose assignments are not literals is parsed as a whole, and run
only where one of them is computed.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...conf import raised
from .editing import HEADER, assignments

_PLAIN = re.compile(r"""(["'])([^"'\\]*)\1""")
_HEADER = re.compile(
    r"^(revision|down_revision|branch_labels|depends_on)[ \t]*(?::[^=\n]+)?="
    r"[ \t]*(.+?)[ \t]*(?:#.*)?$",
    re.MULTILINE,
)
_LEGACY = re.compile(r"([a-f0-9]+)\.py")


@dataclass(frozen=True)
class Revision:
    """One revision file; ``source`` is its text as it was read with the history."""

    id: str
    down: tuple[str, ...]
    path: Path
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    source: str = field(default="", repr=False, compare=False)

    @property
    def parents(self) -> tuple[str, ...]:
        """Every revision that must be applied before this one."""
        return self.down + self.depends_on

    @cached_property
    def doc(self) -> str:
        """The first paragraph of the file's docstring, on one line."""
        text = ast.get_docstring(ast.parse(self.source)) or ""
        return " ".join(text.partition("\n\n")[0].split())


def revision_in(source: str, path: Path, *, run: bool = False) -> Revision | None:
    """The revision in a file's text; None without an id.

    ``run``: the file may be run, as Alembic does with each, if what places it in the history
    is computed. Raises SyntaxError, or ValueError for what cannot be found out.
    """
    values: dict[str, Any] = {}
    try:
        for name, literal in _HEADER.findall(source):
            if name in values:
                raise ValueError(name)
            values[name] = _literal(literal)
    except (ValueError, SyntaxError):
        values = _parse(source, path, run)
    if "revision" not in values and "down_revision" in values:  # as the first Alembic wrote them
        legacy = _LEGACY.fullmatch(path.name)
        values["revision"] = legacy and legacy[1]
    if not isinstance(values.get("revision"), str):
        return None
    return Revision(
        values["revision"],
        _names(values.get("down_revision")),
        path,
        _names(values.get("depends_on")),
        _names(values.get("branch_labels")),
        source,
    )


def _literal(text: str) -> Any:
    """As ast.literal_eval; quickly for a plain string and None, which nearly all are."""
    if text == "None":
        return None
    plain = _PLAIN.fullmatch(text)
    return plain[2] if plain else ast.literal_eval(text)


def _parse(source: str, path: Path, run: bool) -> dict[str, Any]:
    known: dict[str, Any] = {}
    unknown = []
    for name, node in assignments(ast.parse(source, str(path))):
        try:
            known[name] = _value(node.value, known) if node.value is not None else None
        except ValueError:
            unknown.append(name)
            known.pop(name, None)
    if computed := [name for name in HEADER if name in unknown]:
        if not run:
            raise ValueError(f"{', '.join(computed)} is computed")
        known = _run(source, path)
    return {name: known[name] for name in HEADER if name in known}


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    """As ast.literal_eval, and with the constants of the module; raises ValueError."""
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_value(item, known) for item in node.elts)
    return ast.literal_eval(node)


def _run(source: str, path: Path) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(compile(source, str(path), "exec"), names)
    except Exception as error:
        raise ValueError(f"it was run for its id, and raised {raised(error)}") from error
    return names


def _names(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)

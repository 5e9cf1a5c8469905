"""What a revision file says, apart from how it is written; two files that say the same agree.

Read from the syntax tree, so that comments, white space, quotes, and whatever else a
formatter changes, do not count; nor do the module's docstring and the four assignments
that place a revision, which the ledger keeps by themselves. The tree is written down in a
form of our own: ``ast.dump`` differs from one release of Python to the next in which
empty fields it writes (https://docs.python.org/3/library/ast.html#ast.dump).
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from .editing import HEADER, assignments

# Without meaning for what runs: kind is the u of u"...".
_SKIPPED = ("ctx", "kind", "type_comment", "type_ignores")


def digest(source: str) -> str:
    """The SHA-256 of a file's text as it is, except for the kind of its line ends."""
    return hashlib.sha256(source.encode()).hexdigest()


@lru_cache(maxsize=8192)
def checksum(source: str) -> str:
    """The SHA-256 of what ``source`` says, the same on every Python; else of its text.

    Else: if it is not Python, or too deep for Python's parser.
    """
    try:
        said = _written(_body(source))
    except (SyntaxError, ValueError, RecursionError):
        return digest(source)
    return hashlib.sha256(said.encode()).hexdigest()


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a string is the author's business
        return ast.parse(source)


def _body(source: str) -> list[ast.stmt]:
    tree = _parsed(source)
    headers = [node for name, node in assignments(tree) if name in HEADER]
    body = tree.body[1:] if tree.body and _is_text(tree.body[0]) else tree.body
    return [node for node in body if node not in headers]


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _written(nodes: Iterable[ast.AST]) -> str:
    """The tree as text; iteratively, for an expression may be deeper than Python's stack."""
    out: list[str] = []
    stack: list[Any] = list(nodes)[::-1]
    while stack:
        item = stack.pop()
        if isinstance(item, _Text):
            out.append(item)
        elif isinstance(item, ast.AST):
            out.append(f"({type(item).__name__}")
            stack.append(_CLOSE)
            # This is the most that is done for each revision of a long history.
            for name, label in _labels(type(item)):  # type: ignore[arg-type]
                value = getattr(item, name, None)
                if value is not None and value != []:
                    stack += (_joined(value) if isinstance(item, ast.JoinedStr) else value, label)
        elif isinstance(item, list):
            out.append("[")
            stack.append(_END)
            stack += item[::-1]
        else:
            # Not repr(): which characters that shows is a matter of Python's Unicode.
            out.append(f" {item!a}")
    return "".join(out)


class _Text(str):
    """A part of the result, not of the tree."""


_CLOSE, _END = _Text(")"), _Text("]")


@cache
def _labels(kind: type[ast.AST]) -> list[tuple[str, _Text]]:
    """The fields that count, the last one first, and how each is written."""
    return [(name, _Text(f" {name}=")) for name in kind._fields[::-1] if name not in _SKIPPED]


def _joined(values: list[Any]) -> list[Any]:
    """The parts of an f-string, its text in as few pieces as can be, as Python 3.12 has it not."""
    found: list[Any] = []
    for value in values:
        last = found[-1] if found else None
        if isinstance(value, ast.Constant) and value.value == "":
            continue
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            found[-1] = ast.Constant(str(last.value) + str(value.value))
        else:
            found.append(value)
    return found

"""What can be read in the text of an env.py, without running it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple


class EnvSource(NamedTuple):
    """``metadata``: dotted names of the target_metadata, ``package.module:name``. ``options``:
    the arguments of ``configure`` that are written as constants. ``names``: every module that
    is imported. ``problem``: why nothing could be read."""

    metadata: tuple[str, ...] = ()
    options: dict[str, object] = {}
    names: tuple[str, ...] = ()
    problem: str | None = None

    def imports(self, module: str) -> bool:
        """Whether ``module``, or something in it, is imported."""
        return any(name == module or name.startswith(f"{module}.") for name in self.names)


def read_env(path: Path) -> EnvSource:
    """What the text of ``path`` tells; never raises for one that is missing or no Python."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return EnvSource(problem=f"{path}, line {error.lineno}: {error.msg}")
    except (OSError, ValueError) as error:
        return EnvSource(problem=f"{path}: {error}")
    origins: dict[str, str] = {}
    modules: dict[str, None] = {}
    values: dict[str, ast.expr] = {}
    options: dict[str, object] = {}
    passed: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                modules[each.name] = None
                if each.asname:
                    origins[each.asname] = f"{each.name}:"
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules[node.module] = None
            for each in node.names:
                origins[each.asname or each.name] = f"{node.module}:{each.name}"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        elif isinstance(node, ast.Call) and _last(node.func) == "configure":
            options |= {
                word.arg: word.value.value
                for word in node.keywords
                if word.arg and isinstance(word.value, ast.Constant)
            }
            passed += [word.value for word in node.keywords if word.arg == "target_metadata"]
    target = values.get("target_metadata") or next(iter(passed), None)
    several = target.elts if isinstance(target, ast.List | ast.Tuple) else [target]
    found = [_dotted(each, origins, modules) for each in several if each is not None]
    return EnvSource(tuple(name for name in found if name), options, tuple(modules))


def _dotted(node: ast.expr, origins: dict[str, str], modules: dict[str, None]) -> str | None:
    """``Base.metadata`` as ``package.models:Base.metadata``; None for what is no plain name."""
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        node = node.func  # a function that returns it will do as well
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    if (origin := origins.get(node.id)) is not None:
        module, _, name = origin.partition(":")
        # "from package import models": the name is a module, which an import cannot tell.
        return f"{module}:{'.'.join([name, *parts] if name else parts)}" if name or parts else None
    # "import package.models" and "package.models.Base.metadata".
    whole = [node.id, *parts]
    for length in range(len(whole) - 1, 0, -1):
        if ".".join(whole[:length]) in modules:
            return f"{'.'.join(whole[:length])}:{'.'.join(whole[length:])}"
    return None


def _last(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")

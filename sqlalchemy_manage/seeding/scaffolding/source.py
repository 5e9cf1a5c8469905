"""The text of a module of factories, and the module itself."""

from __future__ import annotations

import ast
import keyword
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...errors import SeedError
from ..factories import Factory
from ..factory_boy_internals import model_of
from .declared import NAMES
from .inventing import TARGET, Invention, ModelFactory
from .table_classes import modules_of_tables

if TYPE_CHECKING:
    from ...project import Project


@dataclass
class ModuleSource:
    """Factories of one module, as Python. ``module``: the name by which others import it.

    ``existing``: factories of the project; ``modules``: app -> the module of its new ones.
    ``relative``: the app's package, whose modules are imported as ``.models``.
    """

    module: str
    factories: Sequence[ModelFactory]
    invention: Invention
    existing: Mapping[str, Factory]
    modules: Mapping[str, str]
    places: Mapping[type, tuple[str, str]]
    relative: str | None = None
    taken: set[str] = field(default_factory=lambda: set(NAMES))
    imports: dict[tuple[str, str], str] = field(default_factory=dict)

    def text(self) -> str:
        """The module: imports, then a class for each factory."""
        classes = [self._class(each) for each in self.factories]
        body = "\n\n\n".join(classes) + "\n"
        return "\n".join([*self._imports(body), "", "", body])

    # --- names

    def _object(self, root: str, module: str) -> str:
        """The name by which a class of the project is known here."""
        key = (module, root)
        if key not in self.imports:
            name = root
            while name in self.taken:
                name += "Model"
            self.taken.add(name)
            self.imports[key] = name
        return self.imports[key]

    def _model(self, model: type) -> str:
        module, name = self.places[model]
        root, dot, rest = name.partition(".")
        return self._object(root, module) + dot + rest

    def _target(self, owner: ModelFactory, model: type) -> str:
        """How a link names a factory: itself where it stands above, else by its dotted name."""
        other = self.invention.named(model)
        if other is None:
            found = self._existing(model)
            if found is None:
                raise SeedError(f"{model.__name__} has no factory, and {owner.name} links to it.")
            return f'"{found.__module__}.{found.__name__}"'
        above = self.factories[: self.factories.index(owner)]
        if other in above:
            return other.name
        return f'"{self.modules[other.app.name]}.{other.name}"'

    # --- text

    def _base(self, each: ModelFactory) -> tuple[str, Mapping[str, Any]]:
        """The factory that one is derived from, and what that declares.

        A subclass of a model counts on with the numbers of its base's factory: they fill
        columns of the same table.
        """
        mapper = each.mapper.inherits
        if mapper is None or each.mapper.concrete:
            return "SQLAlchemyModelFactory", {}
        base = self.invention.named(mapper.class_)
        if base is not None and base in self.factories:
            return base.name, self._all_declared(base)
        if base is not None:
            return self._object(base.name, self.modules[base.app.name]), self._all_declared(base)
        found = self._existing(mapper.class_)
        if found is None:
            return "SQLAlchemyModelFactory", {}
        return self._object(found.__name__, found.__module__), {}

    def _all_declared(self, each: ModelFactory) -> dict[str, Any]:
        mapper = each.mapper.inherits
        base = mapper and self.invention.named(mapper.class_)
        return {**(self._all_declared(base) if base else {}), **each.declared}

    def _existing(self, model: type) -> Factory | None:
        names = {f.__name__: f for f in self.existing.values() if model_of(f) is model}
        return names.get(f"{model.__name__}Factory") or next(iter(names.values()), None)

    def _class(self, each: ModelFactory) -> str:
        base, inherited = self._base(each)
        lines = [f"class {each.name}({base}):", "    class Meta:"]
        lines.append(f"        model = {self._model(each.model)}")
        if each.abstract:
            lines.append("        abstract = True")
        written = [f"    # TODO: {problem}" for problem in map(_one_line, each.problems)]
        for name, declared in each.declared.items():
            if inherited.get(name) == declared:
                continue
            source = declared.source
            if name in each.links:
                source = source.replace(TARGET, self._target(each, each.links[name]))
            for root, module in declared.objects:
                local = self._object(root, module)
                if local != root:
                    source = _renamed(source, root, local)
            written.append(f"    {_assigned(name)} = {source}")
        written += [f"    {_assigned(n)} = None" for n in inherited if n not in each.declared]
        return "\n".join([*lines, *([""] if written else []), *written])

    def _imports(self, body: str) -> list[str]:
        used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
        plain: list[str] = []
        from_: dict[str, list[str]] = {}
        for name in sorted(used & set(NAMES)):
            words = NAMES[name].split()
            if words[0] == "import":
                plain.append(NAMES[name])
            else:
                from_.setdefault(words[1], []).append(name)
        for (module, root), name in self.imports.items():
            written = root if name == root else f"{root} as {name}"
            from_.setdefault(self._near(module), []).append(written)
        return [
            *sorted(plain),
            *(f"from {m} import {', '.join(sorted(n))}" for m, n in sorted(from_.items())),
        ]

    def _near(self, module: str) -> str:
        if self.relative and module.startswith(f"{self.relative}."):
            return module[len(self.relative) :]
        return module


def _assigned(name: str) -> str:
    """How the body of a class gives an attribute; a column may be called ``from`` or ``E-Mail``."""
    if name.isidentifier() and not keyword.iskeyword(name):
        return name
    return f"locals()[{name!r}]"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _renamed(source: str, old: str, new: str) -> str:
    import re

    return re.sub(rf"\b{old}\b", new, source)


def places_of(project: Project, invention: Invention) -> dict[type, tuple[str, str]]:
    """Model -> the module and the name by which it is imported.

    A class that is not found under its own name (automap) is looked for in the models modules.
    """
    found: dict[type, tuple[str, str]] = {}
    for each in invention.factories:
        place = _place(each.model, project)
        if place is None:
            each.problems.append(f"{each.model.__qualname__} cannot be imported by a name")
        else:
            found[each.model] = place
    return found


def _place(model: type, project: Project) -> tuple[str, str] | None:
    value: Any = sys.modules.get(model.__module__)
    for part in model.__qualname__.split("."):
        value = getattr(value, part, None)
    if value is model:
        return model.__module__, model.__qualname__
    for module in (*project.models_modules, *modules_of_tables()):
        for name, value in list(vars(module).items()):
            if value is model:
                return module.__name__, name
    return None


def run(source: ModuleSource) -> ModuleType:
    """The module made of its text, importable by its name while the program runs."""
    module = ModuleType(source.module)
    sys.modules[source.module] = module
    exec(compile(source.text(), f"<{source.module}>", "exec"), vars(module))
    return module

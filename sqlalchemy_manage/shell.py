"""The shell's names, the banner that lists them, and the ways to run code with them."""

from __future__ import annotations

import importlib
import importlib.util
import keyword
import linecache
import os
import sys
import textwrap
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, get_origin

import sqlalchemy as sa
from sqlalchemy import orm

from ._version import __version__
from .conf import raised
from .databases.engines import shown
from .errors import AppError, ManageError, SettingsError, did_you_mean
from .module_contents import is_a, module_of, stored

if TYPE_CHECKING:
    from .async_shell import Awaiting
    from .project import Project

VOCABULARY = {
    sa: "select insert update delete func and_ or_ not_ between case cast exists distinct "
    "asc desc literal null text union inspect",
    orm: "aliased selectinload joinedload",
}
"""The query functions, by module."""

INTERFACES = {"ipython": "IPython", "ptpython": "ptpython", "python": "code"}
"""The shells, each with the module it needs."""

_WIDTH = 100
_DATA = (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset)


@dataclass
class Names:
    """What is available at the prompt: name -> value, the names by kind, and what went wrong."""

    values: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    groups: dict[str, list[str]] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    """A sentence for each thing that has no name."""
    warnings: list[str] = field(default_factory=list)
    _owners: dict[str, str] = field(default_factory=dict)

    def add(self, group: str, name: str, value: Any, owner: str) -> None:
        """Bind ``name`` unless it is already taken: the first one wins."""
        names = self.groups.setdefault(group, [])
        if not name.isidentifier() or keyword.iskeyword(name):
            self.hidden.append(f"{owner} is left out: '{name}' is not a valid Python name.")
        elif name not in self.values:
            self.values[name] = value
            self._owners[name] = owner
            names.append(name)
        elif self.values[name] is not value:
            self.hidden.append(f"{owner} is left out: {name} is {self._owners.get(name, name)}.")


def shell_names(project: Project, session: orm.Session, later: Awaiting | None = None) -> Names:
    """Everything that the shell imports in advance.

    Of two things with one name the first wins in this order: engine, session and
    project, async_session and async_engine; SHELL_IMPORTS; models, those of an earlier app
    first; what else the modules of the models define; factories; tables without a model; the
    query functions. A factories module that raises costs only the factories, and a warning. Raises
    SettingsError for a bad entry of SHELL_IMPORTS.
    """
    names = Names()
    for name, value in (("engine", project.engine), ("session", session), ("project", project)):
        names.add("also", name, value, f"the shell's {name}")
    for name, value in later.names.items() if later is not None else ():
        if name.startswith("__"):
            names.values[name] = value
        else:
            names.add("also", name, value, f"the shell's {name}")
    if later is not None and later.missing:
        names.warnings.append(later.missing)
    for dotted in project.settings.shell_imports:
        value = _imported(dotted, project.settings.file)
        names.add("also", dotted.rpartition(".")[2], value, f"{dotted} of SHELL_IMPORTS")
    position = {app.label: index for index, app in enumerate(project.homes)}
    after = len(position)
    for mapper in sorted(project.mappers, key=lambda m: position.get(project.label_of(m), after)):
        model = mapper.class_
        names.add("models", model.__name__, model, f"{model.__module__}.{model.__name__}")
    for module, name, value in _defined(project):
        names.add("also", name, value, f"{module.__name__}.{name}")
    for factory in _factories(project, names.warnings):
        name = factory.__name__
        names.add("factories", name, factory, f"{factory.__module__}.{name}")
    mapped = {mapper.local_table for mapper in project.mappers}
    for table in project.tables:
        if table not in mapped:
            names.add("tables", table.name, table, f"the table {table.fullname}")
    for home, words in VOCABULARY.items():
        for word in words.split():
            names.add("query", word, getattr(home, word), f"{home.__name__}.{word}")
    return names


def _imported(dotted: str, file: Path) -> Any:
    """The module, or the name in a module, of an entry of SHELL_IMPORTS."""
    home, _, name = dotted.rpartition(".")
    guess = ""
    try:
        if home:
            module = importlib.import_module(home)
            if hasattr(module, name):
                return getattr(module, name)
            guess = did_you_mean(name, vars(module))
        return importlib.import_module(dotted)
    except Exception as error:
        raise SettingsError(
            f"SHELL_IMPORTS of {file}: '{dotted}' cannot be imported: {raised(error)}." + guess
        ) from error


def _defined(project: Project) -> Iterator[tuple[ModuleType, str, Any]]:
    """The public names of the modules with the models: enums, functions, types, constants.

    Those of ``__all__`` where there is one; else not what a module imports from elsewhere,
    nor the bases of its models.
    """
    homes = dict.fromkeys([*project.homes, *map(project.home_of, project.mappers)])
    modules = {module.__name__: module for module in project.models_modules}
    for mapper in project.mappers:
        place = mapper.class_.__module__
        if place in sys.modules and any(home.has(place) for home in homes):
            modules.setdefault(place, sys.modules[place])
    models = {mapper.class_ for mapper in project.mappers}
    for module in modules.values():
        chosen = getattr(module, "__all__", None)
        for name, value in list(vars(module).items()):
            origin = module_of(value)
            own = origin is not None and any(home.has(origin) for home in homes)
            if chosen is not None:
                wanted = name in chosen
            else:
                wanted = not name.startswith("_") and (own or _is_data(value))
            is_class = is_a(value, type)
            base = is_class and is_a(stored(value, "registry"), orm.registry)
            if wanted and not base and not (is_class and value in models):
                yield module, name, value


def _is_data(value: Any) -> bool:
    """Whether it is of those that do not say where they are from: as good as the module's own."""
    is_alias = type(value).__module__ == "typing"
    return is_a(value, *_DATA) or (is_alias and get_origin(value) is Annotated)


def _factories(project: Project, warnings: list[str]) -> list[type]:
    from .seeding.discovery import project_factories

    try:
        return [*project_factories(project).values()]
    except AppError as error:
        warnings.append(f"no factories: {error.message}")
        return []


def banner(project: Project, names: Names, width: int = _WIDTH) -> str:
    """A few lines on what is available, however large the project; without the password."""
    lines = [f"sqlalchemy-manage {__version__} shell on {shown(project.engine.url)}"]
    for title in ("models", "factories", "tables", "also"):
        if found := names.groups.get(title):
            lines.append(f"  {title:<9}  {_fitted(found, width - 13)}")
    indent = " " * 13
    query = " ".join(names.groups["query"])
    lines += textwrap.wrap(
        query, width, initial_indent=f"  {'query':<9}  ", subsequent_indent=indent
    )
    lines.append("session.commit() keeps changes; what is not committed is rolled back at exit.")
    if "async_session" in names.values:
        lines.append("await works here: await async_session.scalars(...)")
    return "\n".join(lines)


def _fitted(words: Sequence[str], width: int) -> str:
    """As many of the words as fit, and how many there are beyond them."""
    for count in range(len(words), 0, -1):
        rest = f" and {len(words) - count} more" if count < len(words) else ""
        text = " ".join(words[:count]) + rest
        if len(text) <= width:
            return text
    return f"{len(words)} of them"


def run_code(source: str, names: Names, file: str, later: Awaiting | None = None) -> str | None:
    """Run a program; the traceback of its own frames if it raised, else None.

    ``later``: it may await outside of functions. ``file`` names the source in the traceback.
    SystemExit and KeyboardInterrupt go through, and so does BrokenPipeError, which is about
    the reader of the output.
    """
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        if later is None:
            exec(compile(source, file, "exec", dont_inherit=True), names.values)
        else:
            from .async_shell import compiled, execute

            execute(compiled(source, file), names.values, later.runner)
    except BrokenPipeError:
        raise
    except Exception as error:
        own = error.__traceback__
        while own is not None and own.tb_frame.f_code.co_filename != file:
            own = own.tb_next
        return "".join(traceback.format_exception(type(error), error, own))
    return None


def find_interface(wanted: str | None) -> str:
    """The prompt to use: the wanted one, else IPython, else Python's own.

    Raises ManageError if the wanted one is not installed.
    """
    for name in (wanted,) if wanted else ("ipython", "python"):
        if importlib.util.find_spec(INTERFACES[name]) is not None:
            return name
    raise ManageError(f"{wanted} is not installed.", f"pip install {wanted}")


def interact(interface: str, names: Names, later: Awaiting | None = None) -> None:
    """Hand the terminal to a prompt until the user leaves it; ``later``: it has await."""
    prompts = {"ipython": _ipython, "ptpython": _ptpython, "python": _python}
    prompts[interface](names.values, later)


def _ipython(values: dict[str, Any], later: Awaiting | None) -> None:
    from IPython import start_ipython

    more: dict[str, Any] = {}
    if later is not None:
        from .async_shell import ipython_config

        more = {"config": ipython_config(later.runner)}
    start_ipython(argv=[], user_ns=values, display_banner=False, **more)


def _ptpython(values: dict[str, Any], later: Awaiting | None) -> None:
    from ptpython.repl import embed, run_config

    history = str(Path.home() / ".ptpython_history")
    how: dict[str, Any] = {"globals": values, "configure": run_config, "history_filename": history}
    if later is None:
        embed(**how)
        return

    def configure(repl: Any) -> None:
        repl.confirm_exit = False  # exit() is an error there: Ctrl-D is the way out
        run_config(repl)

    how |= {"configure": configure, "return_asyncio_coroutine": True}
    later.runner.run(embed(**how))


def _python(values: dict[str, Any], later: Awaiting | None) -> None:
    try:
        import readline
    except ImportError:  # Windows, and Pythons built without it
        _read(values, later)
        return
    import rlcompleter

    readline.set_completer(rlcompleter.Completer(values).complete)
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    # The history of Python's own prompt, where its user looks for it.
    history = os.environ.get("PYTHON_HISTORY") or str(Path.home() / ".python_history")
    with suppress(OSError):
        readline.read_history_file(history)
    try:
        _read(values, later)
    finally:
        with suppress(OSError):
            readline.write_history_file(history)


def _read(values: dict[str, Any], later: Awaiting | None) -> None:
    if later is not None:
        from .async_shell import prompt

        prompt(values, later.runner)
        return
    import code

    code.interact(banner="", local=values, exitmsg="")

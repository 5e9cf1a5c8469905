"""The async half of the shell: an AsyncSession, its engine, and ``await`` at the prompt."""

from __future__ import annotations

import ast
import asyncio
import codeop
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import make_url

from .async_drivers import engine_arguments
from .sessions import bind_to, is_async_session, session_of_settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from .project import Project

_FLAG = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_INCOMPLETE: int = getattr(codeop, "PyCF_ALLOW_INCOMPLETE_INPUT", 0)
_READY = "__ready__"


@dataclass(frozen=True)
class Awaiting:
    """What an async project has in its shell: names, and the loop on which they work.

    ``missing``: why there is no AsyncSession.
    """

    runner: asyncio.Runner
    names: Mapping[str, Any]
    missing: str | None = None


@contextmanager
def awaiting(project: Project) -> Iterator[Awaiting | None]:
    """The async half of a shell, closed at the end; None for a project that is not async.

    That is one whose URL names an async driver, or psycopg where the project imports
    SQLAlchemy's asyncio.
    """
    if not _is_async(project):
        yield None
        return
    with ExitStack() as stack:
        runner = project.runner or stack.enter_context(asyncio.Runner())
        try:
            engine = _engine(project)
        except ModuleNotFoundError as error:
            missing = f"no async_session: {error.name} is not installed. pip install {error.name}"
            yield Awaiting(runner, {_READY: _ready}, missing)
            return
        stack.callback(lambda: runner.run(engine.dispose()))
        session = _session(stack, project, engine)
        stack.callback(lambda: runner.run(session.close()))
        names = {"async_session": session, "async_engine": engine, _READY: _ready}
        yield Awaiting(runner, names)


def _is_async(project: Project) -> bool:
    if project.database.is_async:
        return True
    _ = project.metadatas  # the project's modules are imported
    both = project.engine.dialect.driver == "psycopg"
    return both and "sqlalchemy.ext.asyncio" in sys.modules


def _engine(project: Project) -> AsyncEngine:
    import greenlet  # noqa: F401 - SQLAlchemy 2.0 would fail later
    from sqlalchemy.ext.asyncio import create_async_engine

    url = make_url(project.database.given_url)
    url = url.set(database=project.engine.url.database)  # SQLite: the whole path
    if not project.database.is_async:
        url = project.engine.url
    options = dict(project.database.given_options)
    if dict(engine_arguments(options)) == options and "poolclass" in options:
        del options["poolclass"]  # that of an engine that is not async
    engine = create_async_engine(url, **options)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def enforce(dbapi_connection: Any, record: Any) -> None:
            cursor = dbapi_connection.cursor()
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()

    return engine


def _session(stack: ExitStack, project: Project, engine: AsyncEngine) -> Any:
    from sqlalchemy.ext.asyncio import AsyncSession

    if project.settings.session is not None:
        made = stack.enter_context(session_of_settings(project.settings, engine))
        if is_async_session(made):
            bind_to(made.sync_session, engine.sync_engine)  # type: ignore[union-attr]
            return made
    return AsyncSession(engine, expire_on_commit=False)


async def _ready(value: Any) -> Any:
    """What is awaited; the plain session's answers are there at once."""
    return await value if inspect.isawaitable(value) else value


class AwaitAnything(ast.NodeTransformer):
    """``await session.scalar(...)`` is also understood of the session that is not async."""

    def visit_Await(self, node: ast.Await) -> ast.AST:
        self.generic_visit(node)
        ready = ast.Call(ast.Name(_READY, ast.Load()), [node.value], [])
        return ast.fix_missing_locations(ast.copy_location(ast.Await(ready), node))


def compiled(source: str, file: str, symbol: str = "exec", flags: int = 0) -> CodeType:
    """Code in which ``await`` may stand outside of a function."""
    tree = compile(source, file, symbol, flags | _FLAG | ast.PyCF_ONLY_AST, dont_inherit=True)
    code: CodeType = compile(AwaitAnything().visit(tree), file, symbol, flags | _FLAG, True)
    return code


def execute(code: CodeType, values: dict[str, Any], runner: asyncio.Runner) -> None:
    """Run it; what it awaits is waited for."""
    result = eval(code, values)
    if inspect.iscoroutine(result) and code.co_flags & inspect.CO_COROUTINE:
        runner.run(result)


def prompt(values: dict[str, Any], runner: asyncio.Runner) -> None:
    """Python's own prompt, with ``await``; the loop runs while something is awaited."""
    import code

    class Prompt(code.InteractiveConsole):
        def runcode(self, code: CodeType) -> None:
            try:
                execute(code, values, runner)
            except SystemExit:
                raise
            except BaseException:
                self.showtraceback()

    class Compiler(codeop.Compile):
        def __call__(self, source: str, filename: str, symbol: str, *more: Any, **how: Any) -> Any:
            code = super().__call__(source, filename, symbol, *more, **how)
            if not isinstance(code, CodeType):
                return code
            # Of a text that may go on, only that is asked; it is compiled once more, whole.
            return compiled(source, filename, symbol, self.flags & ~_INCOMPLETE)

    console = Prompt(values)
    console.compile.compiler = Compiler()
    console.compile.compiler.flags |= _FLAG
    console.interact(banner="", exitmsg="")


def ipython_config(runner: asyncio.Runner) -> Any:
    """IPython's settings by which its cells are awaited on ``runner``."""
    from traitlets.config import Config

    config = Config()
    # IPython copies its settings, and a runner cannot be copied.
    config.InteractiveShell.loop_runner = lambda coroutine: runner.run(coroutine)
    config.InteractiveShell.ast_transformers = [AwaitAnything()]
    return config

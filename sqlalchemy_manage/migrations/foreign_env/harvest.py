"""An env.py is run, with all that would do something replaced, for what it passes to Alembic.

Alembic's documentation has env.py files of many kinds: with an engine of the configuration's,
one that the caller gives, in an event loop. Which kind it is shows when it fails, and then it
is run again with what it wants.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InvalidRequestError, MissingGreenlet

from ... import output
from ...async_drivers import is_async
from ...databases.engines import create_engine, database_url
from ..alembic_internals import proxies_kept
from .agreement import require_agreement
from .connections import watched
from .context_calls import ConfigureCall, ContextCalls, translated_schemas
from .detection import foreign_env
from .drivers import other_drivers
from .harvested import HarvestedEnv
from .own_config import own_config
from .process_state import kept
from .refusals import NotHarvested, line_in, refused
from .same_database import same_database

if TYPE_CHECKING:
    from ...project import Project


def harvested_env(project: Project) -> HarvestedEnv | None:
    """What the project's env.py passes to Alembic; None if it is ours, or missing.

    It is run once for a project, whose models are its target_metadata where the settings name
    none. Raises NotHarvested, with the file and the line; or
    MigrationError where it and the settings disagree on the database or the table of versions.
    """
    file = foreign_env(project.migrations.folder)
    if file is None:
        return None
    known: HarvestedEnv | None = project.__dict__.get("harvested_env")
    if known is None or known.file != file:
        known = harvest(project, file)
        require_agreement(project, known)
        project.__dict__["harvested_env"] = known
        if project.other_metadatas is None:
            project.other_metadatas = harvested_metadatas
            if not project.metadatas:  # and that is kept
                project.forget_models()
    return known


def harvested_metadatas(project: Project) -> list[sa.MetaData]:
    """The target_metadata of the project's env.py; raises as ``harvested_env`` does."""
    env = harvested_env(project)
    return [] if env is None else env.metadatas


def harvest(project: Project, file: Path) -> HarvestedEnv:
    """Run ``file``, an env.py, for what it passes to Alembic; whatever it is, nothing is changed.

    The database is read where ``file`` reads it. Raises NotHarvested.
    """
    attempt, tried = _Attempt(_given_url(project)), []
    furthest: BaseException | None = None
    while True:
        tried.append(attempt)
        printed = io.StringIO()
        try:
            return _run(project, file, attempt, printed)
        except (Exception, SystemExit) as error:
            if furthest is None or (
                not attempt.offline and line_in(file, error) > line_in(file, furthest)
            ):
                furthest = error
            left = [a for a in _others(file, attempt, error) if a not in tried]
            if not left:
                raise refused(file, furthest, printed.getvalue()) from furthest
            attempt = left[0]
        finally:
            if text := printed.getvalue().strip():
                output.say(f"{file} printed:\n{text}", level=2)


def _given_url(project: Project) -> URL:
    """The URL of the settings, with the driver that they name if it is async."""
    url = database_url(project.database, project.settings.root)
    given = project.database.given_url
    return make_url(given).set(database=url.database) if is_async(given) else url


@dataclass(frozen=True)
class _Attempt:
    """How env.py is run: with which URL and what as ``attributes["connection"]``."""

    url: URL
    lends: str = ""
    offline: bool = False
    from_worker: bool = False
    by_command: bool = True
    """Whether it finds Alembic's command line, or is called by a program."""


def _others(file: Path, attempt: _Attempt, error: BaseException) -> Iterator[_Attempt]:
    """What else to try, after an error that tells what is missing."""
    text = f"{type(error).__name__}: {error}"
    if "worker thread" in text and "anyio" in sys.modules:
        yield replace(attempt, from_worker=True)
    asynchronous = isinstance(error, InvalidRequestError) and "async" in text
    if asynchronous or isinstance(error, MissingGreenlet):
        for url in other_drivers(attempt.url):
            yield replace(attempt, url=url)
    wanted = attempt.lends or "connection" in getattr(error, "wanted", ())
    if wanted and not attempt.offline:
        for lends in ("connection", "engine"):
            yield replace(attempt, lends=lends)
    if isinstance(error, (DBAPIError, OSError)) and not attempt.offline:
        yield replace(attempt, offline=True)  # no server answers
    if attempt.by_command and "cmd_opts" in file.read_text(encoding="utf-8", errors="replace"):
        yield replace(attempt, by_command=False)


class _Attributes(dict[str, Any]):
    """Config.attributes; ``wanted``: what it was asked for and has not."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.wanted: set[str] = set()

    def __missing__(self, name: str) -> Any:
        self.wanted.add(name)
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self.wanted.add(name)
        return super().get(name, default)


def _run(project: Project, file: Path, attempt: _Attempt, printed: io.StringIO) -> HarvestedEnv:
    config = own_config(project)
    if not attempt.by_command:
        config.cmd_opts = None
    text = attempt.url.render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", text.replace("%", "%%"))
    config.set_main_option("script_location", str(file.parent).replace("%", "%%"))
    config.output_buffer = io.StringIO()
    attributes = _Attributes(config.attributes)
    config.__dict__["attributes"] = attributes
    with (
        proxies_kept(),
        kept(file, printed),
        watched(project.migrations.version_table) as database,
        ExitStack() as stack,
    ):
        lent = stack.enter_context(_lent(project, attempt.lends)) if attempt.lends else None
        if lent is not None:
            attributes["connection"] = lent
        script = ScriptDirectory.from_config(config)
        locations = list(script.version_locations or ())
        options: dict[str, Any] = {
            "fn": lambda heads, context: [],
            "as_sql": attempt.offline,
            "starting_rev": "base" if attempt.offline else None,
            "destination_rev": "head",
            "tag": None,
            "template_args": {},
        }
        context = EnvironmentContext(config, script, **options)
        taken = ContextCalls(context)
        with context:
            try:
                _called(script.run_env, from_worker=attempt.from_worker)
            except BaseException as error:
                error.wanted = attributes.wanted  # type: ignore[attr-defined]
                raise
    moved = list(script.version_locations or ())
    call = _chosen(project, file, taken.calls)
    return HarvestedEnv(
        file,
        call.given,
        call.url,
        config,
        call.runs[0],
        (*taken.executed, *database.swallowed),
        translated_schemas(call.given),
        printed.getvalue(),
        tuple(map(str, moved)) if moved != locations else (),
        tuple(c.url for c in taken.calls if c.runs and c.url is not None and c.url != call.url),
    )


@contextmanager
def _lent(project: Project, kind: str) -> Iterator[sa.Engine | sa.Connection]:
    """What an env.py finds as ``attributes["connection"]``: a connection, or an engine."""
    engine = create_engine(project.database, project.settings.root, poolclass=sa.NullPool)
    if kind == "engine":
        yield engine
    else:
        with engine.connect() as connection:
            yield connection


def _chosen(project: Project, file: Path, calls: list[ConfigureCall]) -> ConfigureCall:
    """The call that is about the project's database; raises NotHarvested.

    An env.py may run the revisions on one database after the other.
    """
    if not calls:
        raise NotHarvested(f"{file} ended without a call of context.configure().")
    ran = [call for call in calls if call.runs]
    if not ran:
        raise NotHarvested(f"{file} ended without a call of context.run_migrations().")
    url, root = database_url(project.database, project.settings.root), project.settings.root
    ours = [c for c in ran if c.url is None or same_database(url, c.url, root)]
    if sum(len(call.runs) for call in ours) > 1:
        raise NotHarvested(
            f"{file} runs the revisions {sum(len(c.runs) for c in ours)} times on the same "
            "database, for example once for each of several schemas."
        )
    return (ours or ran)[0]


def _called(function: Callable[[], object], *, from_worker: bool) -> None:
    """Call it: in a thread of its own where an event loop is running here."""
    if from_worker:
        function = _in_worker(sys.modules["anyio"], function)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        function()
        return
    failed: list[BaseException] = []

    def caught() -> None:
        try:
            function()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(caught,))
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _in_worker(anyio: Any, function: Callable[[], object]) -> Callable[[], object]:
    """``function``, to be called in a worker thread of an event loop that is begun for it."""

    async def waiting() -> None:
        await anyio.to_thread.run_sync(function)

    return lambda: anyio.run(waiting)

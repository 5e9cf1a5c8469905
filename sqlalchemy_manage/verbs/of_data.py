"""The part of Project that is about rows: fixtures, backups, seeds, links."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from ..checks import Check, run_checks
from ..data.backup import Backup, back_up
from ..data.dump import Request, dump
from ..data.fixture_files import replacing
from ..data.load import Loaded, load
from ..data.restore import Restored, restore
from ..databases.protection import require_permission, stamp, stamp_of
from ..databases.servers import create_database
from ..errors import UsageError
from ..seeding.flushing.flush import Flush, Flushed, FlushPlan
from ..seeding.plan import FactoryPlan, SeedRequest
from ..seeding.running.result import Seeded
from ..seeding.scaffolding.files import FactoryFile
from ..seeding.undoing.ledger import SeedRun
from ..seeding.undoing.undo import Undone
from . import seeds
from .calls import verb
from .factories import lay_out_factories
from .of_migrations import MigrationVerbs
from .preparing import CheckedLinks, FilledTables, checked_links, fill

Progress = Callable[[str, int, int], object]
"""Takes the name of a factory, how many of its rows are made, and how many there will be."""


class DataVerbs(MigrationVerbs):
    """What Project does with rows."""

    @verb
    def check(self, *, drift: bool = False) -> tuple[Check, ...]:
        """Settings, models, revisions and database, each checked: see ``Check.status``."""
        return tuple(run_checks(self, drift=drift))

    @verb
    def check_links(self, *, circles: bool = False, limit: int | None = None) -> CheckedLinks:
        """Every relationship and foreign key followed; ``limit``: broken rows named of each."""
        return checked_links(self, circles=circles, limit=limit)

    @verb
    def dump_data(
        self,
        *names: str,
        to: str | PathLike[str] | None = None,
        exclude: Sequence[str] = (),
        pks: Sequence[object] = (),
        lines: bool = False,
        indent: int | None = None,
        natural_foreign: bool = False,
        natural_primary: bool = False,
    ) -> str:
        """The rows of apps and models as JSON; with ``to`` they go into that file.

        Then the text is empty; the file appears whole, compressed if its name ends so.
        """
        request = Request(
            names,
            exclude,
            [str(key) for key in pks],
            indent,
            lines,
            natural_foreign,
            natural_primary,
        )
        if to is None:
            text = io.StringIO()
            dump(self, request, text.write)
            return text.getvalue()
        with replacing(Path(to)) as write:
            dump(self, request, write)
        return ""

    @verb
    def load_data(
        self,
        *fixtures: str,
        text: str | None = None,
        ignore_nonexistent: bool = False,
        exclude: Sequence[str] = (),
    ) -> Loaded:
        """Load fixtures, files or names of them, or a ``text``: all records or none."""
        names = [*fixtures, *(["-"] if text is not None else [])]
        stdin = io.StringIO(text or "")
        return load(self, names, stdin, ignore_nonexistent=ignore_nonexistent, exclude=exclude)

    @verb
    def backup(self, to: str | PathLike[str] | None = None, *, force: bool = False) -> Backup:
        """Save the database to a file that is checked first; ``force``: replace one."""
        return back_up(self, None if to is None else Path(to), force=force)

    @verb
    def restore(self, file: str | PathLike[str], *, no_backup: bool = False) -> Restored:
        """Make the database equal to a backup; the data it has is backed up first."""
        require_permission(self, "restore", self._asks())
        return restore(self, Path(file), save=not no_backup)

    @verb
    def flush(self, *names: str, cascade: bool = False) -> Flushed:
        """Remove the rows of apps and models, by default all, or nothing.

        Raises StillReferred where other rows refer to them, and they are not to go (``cascade``).
        """
        require_permission(self, "flush", self._asks())
        return Flush(self, names, cascade=cascade).run()

    @verb
    def plan_flush(self, *names: str, cascade: bool = False) -> FlushPlan:
        """How many rows of which tables :meth:`flush` would remove."""
        return Flush(self, names, cascade=cascade).plan()

    @verb
    def environment(self) -> str | None:
        """The environment stamped into the database; None where there is no stamp."""
        with self.connect() as connection:
            return stamp_of(connection)

    @verb
    def set_environment(self, name: str | None) -> None:
        """Stamp the database, or with None remove the stamp."""
        with self.connect() as connection:
            old = stamp_of(connection)
        if old is not None and old != (name or "").lower():
            require_permission(self, "environment", self._asks())
        with self.connect() as connection:
            stamp(connection, name)
            connection.commit()

    @verb
    def create_database(self) -> bool:
        """Create the database if it is missing; whether it was."""
        return create_database(self.database, self.settings.root)

    @verb
    def seed(
        self,
        profile: str | None = None,
        counts: Mapping[str, int] | None = None,
        *,
        scale: float = 1.0,
        random_seed: int | None = None,
        only: Sequence[str] = (),
        exclude: Sequence[str] = (),
        auto: bool = False,
        replant: bool = False,
        jobs: int = 1,
        dask: str | None = None,
        commit_every: int | None = None,
        on_progress: Progress = lambda factory, done, total: None,
    ) -> Seeded:
        """Fill the database by the factories of the apps; all rows are written or none.

        ``counts``: model or factory -> rows. With ``commit_every`` what was committed stays.
        """
        if self.in_memory and (jobs > 1 or dask is not None):
            raise UsageError(
                "jobs and dask start processes, which import the settings; these have no module."
            )
        require_permission(self, "seed", self._asks())
        return seeds.seed(
            self,
            _request(profile, counts, scale, only, exclude, auto),
            random_seed,
            jobs=jobs,
            dask=dask,
            commit_every=commit_every,
            replant=replant,
            watcher=_Watching(on_progress),
        )

    @verb
    def plan_seed(
        self,
        profile: str | None = None,
        counts: Mapping[str, int] | None = None,
        *,
        scale: float = 1.0,
        only: Sequence[str] = (),
        exclude: Sequence[str] = (),
        auto: bool = False,
    ) -> tuple[seeds.PlannedFactory, ...]:
        """What :meth:`seed` would make, and how; nothing is written."""
        request = _request(profile, counts, scale, only, exclude, auto)
        return tuple(seeds.planned(self, request))

    @verb
    def seed_runs(self) -> tuple[SeedRun, ...]:
        """The runs of seed that the database knows, the oldest first."""
        return tuple(seeds.known_runs(self))

    @verb
    def resume_seed(self, run: int | None = None, *, jobs: int = 1) -> Seeded:
        """Continue an interrupted run, by default the last; raises SeedError where none is."""
        require_permission(self, "seed", self._asks())
        return seeds.resume(self, _which(run), jobs=jobs)

    @verb
    def undo_seed(self, run: int | None = None) -> Undone:
        """Remove what a run made, by default the last, and nothing else.

        Raises SeedError where nothing was removed that should have been.
        """
        require_permission(self, "seed", self._asks())
        undone = seeds.undo(self, _which(run))
        seeds.require_complete(undone)
        return undone

    @verb
    def forget_seed(self, run: int) -> SeedRun:
        """Keep the rows of a run for good: it can no longer be undone."""
        require_permission(self, "seed", self._asks())
        return seeds.forget(self, str(run))

    @verb
    def make_factories(self, *names: str, write: bool = True) -> tuple[FactoryFile, ...]:
        """Write factories for the models that have none; ``names``: of these apps and models."""
        files = lay_out_factories(self, names).files
        for file in files if write else ():
            file.write()
        return files

    @verb
    def prepare(self, *, random_seed: int = 1) -> tuple[FilledTables, CheckedLinks]:
        """Create, migrate and seed the database, and check its links; done twice, nothing more."""
        self.create_database()
        self.migrate()
        filled = fill(self, random_seed)
        return filled, checked_links(self)

    @property
    def in_memory(self) -> bool:
        """Whether the settings are no module, so that no other process can import them."""
        return False


def _which(run: int | None) -> str:
    return "last" if run is None else str(run)


def _request(
    profile: str | None,
    counts: Mapping[str, int] | None,
    scale: float,
    only: Sequence[str],
    exclude: Sequence[str],
    auto: bool,
) -> SeedRequest:
    wanted = tuple((counts or {}).items())
    for name, rows in wanted:
        if rows < 0:
            raise UsageError(f"{name}={rows}: a count of rows cannot be below 0.")
    return SeedRequest(profile, wanted, scale, tuple(only), tuple(exclude), auto=auto)


class _Watching:
    """Tells a function of the progress, and nobody of anything else."""

    def __init__(self, on_progress: Progress) -> None:
        self.on_progress = on_progress

    def left_out(self, why: str) -> None:
        pass

    @contextmanager
    def planned(self, plans: list[FactoryPlan]) -> Iterator[seeds.Advance]:
        def advance(plan: FactoryPlan, done: int) -> None:
            self.on_progress(plan.name, done, plan.count)

        yield advance

    def slow(self, factory: str, why: str) -> None:
        pass

    def removed(self, undone: Undone) -> None:
        pass

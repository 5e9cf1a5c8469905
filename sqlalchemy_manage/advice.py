"""Every command that a message tells its reader to type, each listed once.

A message takes the command from here, ``f"Fix it, then: {advice.AFTER_FIX}"``, or, where it has
words in braces, ``advice.FORGET_RUN(run=3)``. So it can be said in one place what all of
them need: the options by which the project and the database were chosen, which a command
without them would not find, and quotes around what a shell would take apart.

``tests/test_advice.py`` brings about the situation of each entry, and runs what is printed.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_chosen: dict[str, str] = {}
_typed: tuple[str, ...] = ()
_again: tuple[str, ...] = ("migrate",)
_repeated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Advice:
    """A command that leads out of one situation.

    Words in braces are given by the message; REVISION and TEXT are for the reader to fill in.
    ``{typed}`` is the command line that was typed; ``{again}`` the one that goes on with a
    migration under way and ends where that would have ended, wherever it has stopped.
    ``program``: of the command, if not the one that runs.
    """

    situation: str
    command: str
    program: str = ""

    def __call__(self, **values: object) -> str:
        """The command line with these values, each quoted for a shell.

        A list is several words. The line has the options by which the database was chosen.
        """
        words = {name: _quoted(value) for name, value in values.items()}
        words["again"] = _quoted([*_again, *_repeated])
        before: list[str] = [word for option in _chosen.items() for word in option]
        after: tuple[str, ...] = ()
        if "{typed}" in self.command:  # with its own options; no more may follow a "--"
            end = _typed.index("--") if "--" in _typed else len(_typed)
            before, after = [], _typed[end:]
            words["typed"] = _quoted(_typed[:end])
        line = [
            self.program or _program(),
            _quoted(before),
            self.command.format(**words),
            _quoted(after),
        ]
        return " ".join(filter(None, line))

    def __str__(self) -> str:
        return self()


def begin(typed: Sequence[str]) -> None:
    """A command line begins, with these words after the name of the program."""
    global _typed, _again, _repeated
    _typed, _again, _repeated = tuple(typed), ("migrate",), ()
    _chosen.clear()


def choose(option: str, value: str) -> None:
    """From now on the commands advised have ``option``, which says what to work on."""
    _chosen[option] = value


def on_alias(alias: str) -> None:
    """From now on the commands advised are for this one of the databases of the command line."""
    global _typed, _again
    words = without_databases()
    _chosen.pop("--database", None)
    if alias != "default":
        _chosen["--database"] = alias
        words = ["--database", alias, *words]
    _typed, _again = tuple(words), ("migrate",)


def without_databases() -> list[str]:
    """What was typed, without the options that say on which databases, and in how many jobs."""
    found: list[str] = []
    words = iter(_typed)
    for word in words:
        if word == "--":
            return [*found, word, *words]
        if word in ("--database", "--jobs"):
            next(words, None)
        elif word != "--all" and not word.startswith(("--database=", "--jobs=")):
            found.append(word)
    return found


def go_on_with(words: Sequence[str]) -> None:
    """From now on ``{again}`` is these words."""
    global _again
    _again = tuple(words)


def is_chosen(option: str) -> bool:
    """Whether the commands advised have ``option``."""
    return option in _chosen


def typed_words() -> list[str]:
    """The command line, as it was given to :func:`begin`."""
    return list(_typed)


def repeat(words: Sequence[str]) -> None:
    """From now on ``{again}`` has these words too: what the revisions are given."""
    global _repeated
    _repeated = tuple(words)


def typed() -> bool:
    """Whether there is a command line of manage.py, rather than one of alembic or none."""
    return bool(_typed)


def _quoted(value: object) -> str:
    words = value if isinstance(value, (list, tuple)) else [value]
    return shlex.join(map(str, words))


def _program() -> str:
    name = Path(sys.argv[0]).name
    return name if name == "sqlalchemy-manage" else "manage.py"


# Several databases.

REPEAT_FAILED = Advice("the command failed on some of several databases", "{words}")

# A new project.

START_PROJECT = Advice(
    "a project is to be made, and cannot be called so", "startproject {name}", "sqlalchemy-manage"
)
START_APP = Advice("an app cannot be called so", "startapp {name}")
PREPARE_NEW = Advice("a project was started", "prepare", "manage.py")
WRITE_FOR_APP = Advice("an app was started", "makemigrations")

# A project that is there already.

LAY_OVER = Advice("a project is there already", "init {path}", "sqlalchemy-manage")
LAY_OVER_FOLDER = Advice(
    "one of the files that init writes is there already", "init {path}", "sqlalchemy-manage"
)
LAY_OVER_CONFIG = Advice(
    "there are several Alembic configurations", "{typed} --config {path}", "sqlalchemy-manage"
)
LAY_OVER_SECTION = Advice(
    "an ini has several sections", "{typed} --section {name}", "sqlalchemy-manage"
)
CHECK_ADOPTED = Advice("an Alembic project has settings now", "check", "manage.py")
WRITE_FOR_MODELS = Advice("models without Alembic have settings", "makemigrations", "manage.py")
RECORD_FIRST = Advice("their tables are there already", "migrate --fake-initial", "manage.py")

# Revisions that wait, or that nobody wrote yet.

WRITE_FIRST = Advice("there are no revisions", "makemigrations")
WRITE_THEN_PREPARE = Advice("prepare finds no revisions, and cannot ask", "makemigrations")
PREPARE_AFTER_WRITING = Advice("prepare found no revisions; the first is written", "prepare")
WRITE_CHANGES = Advice("the models differ from the database", "makemigrations")
WRITE_ON_BRANCH = Advice("the history has several branches by design", "{typed} --head {branch}")
WRITE_ANOTHER = Advice("the newest revision cannot be added to", "makemigrations")
WRITE_INDEX = Advice("a foreign key without an index is given one", "makemigrations")
WRITE_BY_HAND = Advice("a revision cannot be written", "makemigrations --empty")
WRITE_FOR_DRIFT = Advice("the database was changed without a revision", "makemigrations --empty")
WRITE_FROM_SCRATCH = Advice(
    "the models are to be compared, and the database is behind", "makemigrations --scratch"
)
ANSWER_THERE = Advice("plain alembic writes a revision, and a question is open", "makemigrations")
MERGE_HEADS = Advice("the history has several heads", "makemigrations --merge")
APPLY_PENDING = Advice("revisions are not applied", "migrate")
APPLY_WRITTEN = Advice("a revision for the changes of the models was written", "migrate")
WRITE_ENV = Advice("env.py is missing or empty", "migrate")
CREATE_TABLES = Advice("tables are missing in the database", "migrate")
ASK_WHY_MISSING = Advice("a table is missing, whatever was applied", "check")
CREATE_SCHEMA = Advice("there is no database file, and it is to stay empty", "migrate")
CREATE_DATABASE = Advice("there is no database", "prepare")
LIST_REVISIONS = Advice("there is no such revision", "showmigrations")
LIST_IN_ORDER = Advice("a number of steps is unclear where branches meet", "showmigrations --plan")

# Where to go.

GO_TO_ALL_HEADS = Advice("a branch has several heads", "migrate heads")
GO_TO_HEAD = Advice("there are fewer revisions to apply than were asked for", "migrate")
GO_TO_ZERO = Advice("there are fewer revisions to undo than were asked for", "migrate zero")
GO_BACK_TO = Advice("the database is on several branches", "migrate REVISION")
GO_ON_BRANCH = Advice("a branch has fewer revisions than were asked for", "migrate {place}")
GO_BACK_ON_BRANCH = Advice("it is unclear which branch is to go back", "migrate {place}")
UNDO_TO_AMEND = Advice("the newest revision is applied, and is to be changed", "migrate {below}")

# A revision that stopped.

AFTER_FIX = Advice("a revision failed", "{again}")
AFTER_FIX_OF_STATEMENT = Advice("a revision failed, and a part of it stays", "{again}")
AFTER_FIX_OF_VALUES = Advice("there are values that a new type cannot hold", "{again}")
AFTER_FIX_OF_ROWS = Advice("there are rows that a new constraint does not allow", "{again}")
AFTER_FAULT = Advice("the disk was full, or else what no revision can help", "{again}")
AFTER_LOCK = Advice("another session kept a table locked", "{again}")
AFTER_STATEMENT_ENDS = Advice("a statement of the interrupted migration is running", "{again}")
AFTER_RESTORED_STATEMENTS = Advice("a half-done revision has changed", "{again}")
CONTINUE = Advice("a migration was interrupted", "{again}")
FINISH_REVISION = Advice("a revision is applied in part", "migrate {revision}")
FINISH_LATER = Advice("a revision is half done, and is only listed", "check")
FINISH_UNDOING = Advice("a revision is undone in part", "migrate {below}")
RECORD_FINISHED = Advice("a half-done revision was finished by hand", "migrate --fake {revision}")
RECORD_AS_BEFORE = Advice(
    "what a half-done revision did was undone by hand", "migrate --fake {revision}"
)
RUN_AS_IS = Advice("env.py is another tool's, and does not say what it wants", "migrate --as-is")
RECORD_UNDONE = Advice("a revision is undone by hand, to be redone", "migrate --fake {below}")
APPLY_UNDONE = Advice("a revision was undone by hand, and recorded as such", "migrate")
RECORD_INITIAL = Advice("the tables exist, and no history", "migrate --fake-initial")

# A new database, or one that had tables before it had a history.

RUN_HISTORY = Advice(
    "a new database is to be at an older revision", "migrate --from-base {revision}"
)
MAKE_DATABASE = Advice("a new database gets the tables of the models", "migrate")
MAKE_AFTER_FIX = Advice("the tables of the models cannot be created", "migrate")
MAKE_AGAIN = Advice("a database that was half made has rows", "migrate")
RECORD_MADE = Advice("a database that was half made is complete", "migrate --fake {revision}")
RECORD_STATE = Advice(
    "tables without a history are as a revision left them", "migrate --fake REVISION"
)
RUN_ON_TABLES = Advice(
    "the revisions begin with tables that no revision made", "migrate --from-base"
)
LOOK_AT_TABLES = Advice("another program made tables at the same time", "migrate --plan")
COMPARE_WITH_DATABASE = Advice("the revisions cannot be replayed", "makemigrations")

# Data that would be lost.

ALLOW_LOSS = Advice("a revision loses rows, links or values", "{again} {flags}")
CONTINUE_WITH_LOSS = Advice("a revision lost rows, and is recorded", "{again}")
UNDO_LOSS = Advice("a revision lost rows, and is not wanted at all", "migrate {below}")
ALLOW_DATA_LOSS = Advice("undoing a revision destroys data", "{typed} --allow-data-loss")
ALLOW_DATA_LOSS_HERE = Advice(
    "undoing a revision with plain alembic destroys data", "migrate REVISION --allow-data-loss"
)
WITHOUT_BACKUP = Advice("the backup before a loss failed", "{again} --no-backup")
WITHOUT_PROOF = Advice("the check for lost rows and links failed itself", "{again} --no-prove")
BACK_UP = Advice("data was destroyed on a server, without a backup", "backup")
RESTORE = Advice("a restore failed half way", "restore {path}")
LIST_BROKEN_LINKS = Advice("a revision leaves dangling foreign keys", "checklinks")

# Revision files that are not as they were.

CHECK_HISTORY = Advice("the revision files contradict each other", "check")
REPAIR = Advice("a revision file differs from what was applied", "repair {revisions}")
REPAIR_AGAIN = Advice("the files changed while they were repaired", "repair")
RESTORE_DELETED = Advice("the file of the newest revision is gone", "repair {revisions} --restore")
RESTORE_FILES = Advice("a change of a file cannot be accepted", "repair REVISION --restore")
ACCEPT_ON_BRANCH = Advice(
    "a revision of another branch cannot be undone", "repair {revision} --reason TEXT"
)
ACCEPT_FIX = Advice(
    "the downgrade of a revision failed, and is fixed", "repair {revision} --reason TEXT"
)
LEAVE_BRANCH = Advice("the database has revisions of another branch", "migrate --sync-branch")
RECORD_MATCHING = Advice("the database is at no revision of here", "migrate --fake REVISION")
LOOK_FOR_FILE = Advice("a revision has no file here", "migrate")

# Rows that are made, listed, loaded.

COMPARE_SCHEMA = Advice("a table does not hold what its model says", "check")
LOAD_FROM_STDIN = Advice("a fixture is no file", "loaddata -")
SEED = Advice("factories were written", "seed")
SEED_WITHOUT_FACTORIES = Advice("there are no factories", "seed --auto")
WRITE_FACTORIES = Advice("there are no factories, and they are to be written", "makefactories")
SHOW_FACTORIES = Advice("a file cannot take the new factories", "makefactories --dry-run")
LIST_RUNS = Advice("there is no such run of seed", "seed --status")
UNDO_RUN = Advice("a seed failed after it had committed rows", "seed --undo {run}")
FLUSH_UNASKED = Advice("rows would be removed, and nobody can be asked", "{typed} --no-input")
FLUSH_REFERRING = Advice("rows refer to those that flush would remove", "{typed} --cascade")
FLUSH_TABLES_TOO = Advice("tables refer to those that flush would empty", "{typed} {tables}")
FORGET_RUN = Advice("a run cannot be undone, or is to stay", "seed --forget {run}")

"""What the commands of other tools are called here: for the first words of their users."""

from __future__ import annotations

from collections.abc import Collection

from .advice import Advice

# Word -> the commands here.
COMMANDS: dict[str, tuple[str, ...]] = {
    # Alembic, Flask-Migrate
    "upgrade": ("migrate",),
    "downgrade": ("rollback", "migrate REVISION"),
    "stamp": ("migrate --fake REVISION",),
    "revision": ("makemigrations", "makemigrations --empty"),
    "current": ("showmigrations",),
    "history": ("showmigrations -v 2",),
    "heads": ("showmigrations --plan",),
    "branches": ("showmigrations --plan",),
    "merge": ("makemigrations --merge",),
    "show": ("sqlmigrate REVISION",),
    "ensure_version": ("migrate",),
    # Django
    "syncdb": ("migrate",),
    "sqlflush": ("flush --plan",),
    "reset_db": ("flush",),
    "testserver": ("prepare",),
    "shell_plus": ("shell",),
    "diffsettings": ("check",),
    "create_all": ("makemigrations", "migrate"),
    "create_db": ("prepare",),
    "createdb": ("prepare",),
    # Rails, Laravel
    "db:migrate": ("migrate",),
    "db:migrate:status": ("showmigrations",),
    "db:migrate:redo": ("redo",),
    "db:rollback": ("rollback",),
    "db:seed": ("seed",),
    "db:create": ("prepare",),
    "db:setup": ("prepare",),
    "db:prepare": ("prepare",),
    "db:reset": ("flush", "seed"),
    "db:version": ("showmigrations",),
    "db:schema:load": ("migrate",),
    "generate": ("makemigrations",),
    "g": ("makemigrations",),
    "db:truncate_all": ("flush",),
    "db:fixtures:load": ("loaddata FIXTURE",),
    "console": ("shell",),
    "tinker": ("shell",),
    "dbconsole": ("dbshell",),
    "migrate:status": ("showmigrations",),
    "migrate:rollback": ("rollback",),
    "migrate:refresh": ("flush", "seed"),
    "migrate:fresh": ("flush", "seed"),
    "make:migration": ("makemigrations",),
    "make:factory": ("makefactories",),
    # What is tried after the words of another tool
    "migration": ("makemigrations",),
    "migrations": ("showmigrations",),
    "status": ("showmigrations", "check"),
    "reset": ("flush",),
    "dump": ("dumpdata",),
    "load": ("loaddata FIXTURE",),
    "factories": ("makefactories",),
}

# Word -> why there is no such command, and what does it, or the command for what is next to it.
NOT_HERE: dict[str, tuple[str, str | None]] = {
    "edit": ("open the revision's file in the migrations folder", None),
    "inspectdb": ("sqlacodegen writes models for the tables of a database", None),
    "squashmigrations": ("revisions stay as they were applied", None),
    "optimizemigration": (
        "further changes are added to the newest revision by",
        "makemigrations --update",
    ),
    "runserver": ("the web framework serves; this works on the database alone", None),
    "run": ("the web framework serves; this works on the database alone", None),
    "createsuperuser": ("users are rows of a model of yours, added in", "shell"),
    "changepassword": ("users are rows of a model of yours, changed in", "shell"),
    "collectstatic": ("this works on the database alone", None),
    "createcachetable": ("declare the table as a model, then", "makemigrations"),
    "sqlsequencereset": ("sequences are set wherever rows are loaded or removed", None),
    "makemessages": ("this works on the database alone", None),
    "compilemessages": ("this works on the database alone", None),
    "clearsessions": ("sessions belong to the web framework", None),
    "routes": ("routes belong to the web framework", None),
    "list_templates": ("there is one template, script.py.mako in the migrations folder", None),
    "db:drop": ("no database is dropped; all rows are removed by", "flush"),
    "drop_all": ("no table is dropped; all rows are removed by", "flush"),
    "drop": ("no database is dropped; all rows are removed by", "flush"),
    "dropdb": ("no database is dropped; all rows are removed by", "flush"),
}

# Flask-Migrate's "flask db WORD", where that is not what WORD alone is.
OF_FLASK: dict[str, tuple[str, ...]] = {"migrate": ("makemigrations",)}

# Command and option -> the same.
OPTIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("makemigrations", "-m"): ("A revision is named by", "makemigrations -n NAME"),
    ("makemigrations", "--message"): ("A revision is named by", "makemigrations -n NAME"),
    ("makemigrations", "--autogenerate"): ("The models are always compared by", "makemigrations"),
    ("migrate", "--list"): ("The revisions are listed by", "showmigrations"),
    ("migrate", "--sql"): ("The SQL of a revision is printed by", "sqlmigrate REVISION"),
    ("migrate", "--run-syncdb"): ("All tables are made by revisions:", "migrate"),
    ("showmigrations", "--list"): ("They are always listed by", "showmigrations"),
    ("check", "--deploy"): (
        "Nothing here concerns a web server; the database is checked by",
        "check",
    ),
}

TAKES_NO_APP = {
    "makemigrations": "makemigrations",
    "migrate": "migrate REVISION",
    "showmigrations": "showmigrations",
    "sqlmigrate": "sqlmigrate REVISION",
    "rollback": "rollback",
}


_TOOLS = ("db", "alembic", "flask", "django-admin", "rails", "artisan")


def command_here(words: list[str], commands: Collection[str]) -> str | None:
    """What to say where ``words`` begin with the command of another tool, in one line.

    ``db upgrade`` is the ``upgrade`` of Flask-Migrate. ``commands`` are those here. None if no
    word is known.
    """
    typed = name = words[0]
    if name in _TOOLS and words[1:]:
        known = {*COMMANDS, *NOT_HERE, *OF_FLASK, *commands}
        end = next((n for n, word in enumerate(words) if word not in _TOOLS), len(words))
        if (name := " ".join(words[end : end + 1])) not in known:
            return None
        typed = " ".join(words[: end + 1])
    of_flask = OF_FLASK.get(name) if "db" in typed.split()[:-1] else None
    here = of_flask or COMMANDS.get(name)
    if here is None and typed != name and name in commands:
        here = (name,)
    if here is not None:
        return f"No such command '{typed}'. Here it is {' or '.join(map(_line, here))}"
    if (found := NOT_HERE.get(name)) is not None:
        why, command = found
        return f"No such command '{typed}': {why}" + (f" {_line(command)}" if command else ".")
    return None


def option_here(command: str | None, option: str) -> str | None:
    """What the option of another tool's command is here, in one line; None if it is not known."""
    found = OPTIONS.get((command or "", option))
    return f"{found[0]} {_line(found[1])}" if found else None


def no_app_here(command: str | None) -> str | None:
    """What to say where a command was given an app that takes none; None for other commands."""
    here = TAKES_NO_APP.get(command or "")
    if here is None:
        return None
    return f"There is one history for the whole project, not one for each app: {_line(here)}"


def _line(command: str) -> str:
    return str(Advice("a word of another tool was typed", command))

"""What the commands of other tools are called here: for the first words of their users."""

from __future__ import annotations

_MIGRATE = "manage.py migrate"
_BACK = "manage.py rollback"
_MAKE = "manage.py makemigrations"
_LIST = "manage.py showmigrations"
_FRESH = "manage.py flush, then manage.py seed"

# Word -> the commands here.
_COMMANDS = {
    # Alembic, Flask-Migrate
    "upgrade": _MIGRATE,
    "downgrade": f"{_BACK}, or manage.py migrate REVISION",
    "stamp": "manage.py migrate --fake REVISION",
    "revision": f"{_MAKE}, or manage.py makemigrations --empty",
    "current": _LIST,
    "history": "manage.py showmigrations -v 2",
    "heads": "manage.py showmigrations --plan",
    "branches": "manage.py showmigrations --plan",
    "merge": "manage.py makemigrations --merge",
    "show": "manage.py sqlmigrate REVISION",
    "init": f"{_MAKE}; it also creates the migrations folder",
    "ensure_version": _MIGRATE,
    # Django
    "syncdb": _MIGRATE,
    "sqlflush": "manage.py flush",
    "reset_db": "manage.py flush",
    "testserver": "manage.py prepare",
    "shell_plus": "manage.py shell",
    "sqlsequencereset": "manage.py loaddata; it sets the sequences itself",
    "diffsettings": "manage.py check",
    # Rails, Laravel
    "db:migrate": _MIGRATE,
    "db:migrate:status": _LIST,
    "db:migrate:redo": "manage.py redo",
    "db:rollback": _BACK,
    "db:seed": "manage.py seed",
    "db:create": "manage.py prepare",
    "db:setup": "manage.py prepare",
    "db:prepare": "manage.py prepare",
    "db:reset": _FRESH,
    "db:truncate_all": "manage.py flush",
    "db:fixtures:load": "manage.py loaddata FIXTURE",
    "console": "manage.py shell",
    "tinker": "manage.py shell",
    "dbconsole": "manage.py dbshell",
    "migrate:status": _LIST,
    "migrate:rollback": _BACK,
    "migrate:refresh": _FRESH,
    "migrate:fresh": _FRESH,
    "make:migration": _MAKE,
    "make:factory": "manage.py makefactories",
    # What is typed after the words of another tool
    "migration": _MAKE,
    "migrations": _LIST,
    "status": f"{_LIST}, or manage.py check",
    "reset": "manage.py flush",
    "dump": "manage.py dumpdata",
    "load": "manage.py loaddata FIXTURE",
    "factories": "manage.py makefactories",
}

# Word -> why there is no such command, and what to do instead.
_NOT_HERE = {
    "edit": "open the revision's file in migrations/versions.",
    "inspectdb": "sqlacodegen writes models for the tables of a database.",
    "startapp": "an app is a package with a models.py, named in INSTALLED_APPS.",
    "startproject": "a project is manage.py, settings.py and an app; the README shows all three.",
    "squashmigrations": "revisions are not squashed; each stays as it was applied.",
    "optimizemigration": "write more changes into the newest revision with "
    "manage.py makemigrations --update",
    "runserver": "the web framework serves; manage.py works on the database alone.",
    "run": "the web framework serves; manage.py works on the database alone.",
    "createsuperuser": "users are rows of a model of yours: add them in manage.py shell",
    "changepassword": "users are rows of a model of yours: change them in manage.py shell",
    "collectstatic": "manage.py works on the database alone.",
    "createcachetable": "a table is declared as a model, then manage.py makemigrations",
    "db:drop": "manage.py drops no database; your server's own tools do.",
}

# Command and option -> the same.
_OPTIONS = {
    ("makemigrations", "-m"): f"The name of a revision is given so: {_MAKE} -n NAME",
    ("makemigrations", "--message"): f"The name of a revision is given so: {_MAKE} -n NAME",
    ("makemigrations", "--autogenerate"): f"It always compares the models: {_MAKE}",
    ("makemigrations", "--noinput"): f"Without questions: {_MAKE} --no-input",
    ("migrate", "--list"): f"The revisions are listed by {_LIST}",
    ("migrate", "--sql"): "The SQL of a revision is printed by manage.py sqlmigrate REVISION",
    ("migrate", "--run-syncdb"): f"All tables are made by revisions: {_MIGRATE}",
    ("showmigrations", "--list"): f"It always lists them: {_LIST}",
    ("check", "--deploy"): "There are no checks for a server; for the database: manage.py check",
}

_ONE_HISTORY = "There is one history for the whole project, not one for each app: "
_TAKES_NO_APP = {
    "makemigrations": _MAKE,
    "migrate": "manage.py migrate [REVISION]",
    "showmigrations": _LIST,
    "sqlmigrate": "manage.py sqlmigrate REVISION",
    "rollback": "manage.py rollback [STEPS]",
}


def command_here(words: list[str]) -> str | None:
    """What to say where ``words`` begin with the command of another tool, in one line.

    ``db upgrade`` is the ``upgrade`` of Flask-Migrate. None if no word is known.
    """
    typed = name = words[0]
    rest = words[1:]
    if name in ("db", "alembic", "flask", "django-admin", "rails", "artisan") and rest:
        name = next((word for word in rest if word != "db"), "")
        typed = f"{typed} {name}"
    if (here := _COMMANDS.get(name)) is not None:
        return f"No such command '{typed}'. Here it is {here}"
    if (why := _NOT_HERE.get(name)) is not None:
        return f"No such command '{typed}': {why}"
    return None


def option_here(command: str | None, option: str) -> str | None:
    """What the option of another tool's command is here, in one line; None if it is not known."""
    return _OPTIONS.get((command or "", option))


def no_app_here(command: str | None) -> str | None:
    """What to say where a command was given an app that takes none; None for other commands."""
    here = _TAKES_NO_APP.get(command or "")
    return f"{_ONE_HISTORY}{here}" if here else None

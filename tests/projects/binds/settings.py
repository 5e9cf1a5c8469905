"""Models in two databases, and a copy of the one; each has a history of its own."""

from pathlib import Path

HERE = Path(__file__).resolve().parent

DATABASES = {
    "default": {"URL": f"sqlite:///{HERE / 'main.sqlite'}"},
    "log": {"URL": f"sqlite:///{HERE / 'log.sqlite'}", "MIGRATIONS_DIR": "migrations_log"},
    "copy": {"URL": f"sqlite:///{HERE / 'copy.sqlite'}"},
}

INSTALLED_APPS = ["blog"]

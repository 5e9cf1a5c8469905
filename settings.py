"""Settings of the sample project; docs/settings.md lists every name."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent

# DATABASE_URL in the environment takes the place of the default URL.
DATABASES = {
    "default": {"URL": f"sqlite:///{BASE_DIR / 'alembic_sample.sqlite'}"},
}

INSTALLED_APPS = ["hr"]

"""Django's own dumpdata and loaddata, as its manage.py runs them, on models like hr's.

    python django_fixtures.py migrate | dumpdata ... | loaddata ...

On DATABASE_URL; ``migrate`` makes the tables.
"""

import os
import sys
from types import ModuleType

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import connection, models
from sqlalchemy import make_url

url = make_url(os.environ["DATABASE_URL"])
if url.get_backend_name() == "sqlite":
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.database}
else:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username,
        "PASSWORD": url.password or "",
        "HOST": url.host,
        "PORT": url.port or "",
    }
peer = sys.modules["peer"] = ModuleType("peer")
peer.__path__ = []  # a package without files


class PeerConfig(AppConfig):
    name = "peer"
    path = os.path.dirname(os.path.abspath(__file__))

    def import_models(self) -> None:
        self.models = self.apps.all_models["peer"]
        self.models_module = sys.modules["peer"]  # one without is left out of a dump


peer.PeerConfig = PeerConfig  # type: ignore[attr-defined]
settings.configure(
    DATABASES={"default": database},
    USE_TZ=False,
    INSTALLED_APPS=["peer.PeerConfig"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()


class Department(models.Model):
    name = models.CharField(max_length=255, null=True)

    class Meta:
        app_label = "peer"


class Employee(models.Model):
    name = models.CharField(max_length=255, null=True)
    hired_on = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    departments = models.ManyToManyField(Department)

    class Meta:
        app_label = "peer"


if sys.argv[1] == "migrate":
    with connection.schema_editor() as editor:
        editor.create_model(Department)
        editor.create_model(Employee)
else:
    execute_from_command_line(sys.argv)

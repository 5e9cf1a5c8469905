"""A school whose factories use the application's session, as those of applications do."""

import os

DATABASES = {"default": {"URL": "sqlite:///pupils.sqlite"}}
INSTALLED_APPS = os.environ.get("APPS", "school").split()

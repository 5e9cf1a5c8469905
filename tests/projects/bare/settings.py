"""A project with one app of one model, and no migrations yet."""

DATABASES = {"default": {"URL": "sqlite:///bare.sqlite"}}
INSTALLED_APPS = ["notes"]

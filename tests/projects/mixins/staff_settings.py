"""Classes that share columns, a table, or the base of their factories."""

DATABASES = {"default": {"URL": "sqlite:///mixins.sqlite"}}
INSTALLED_APPS = ["staff"]

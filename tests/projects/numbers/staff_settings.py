"""Rows whose keys the parameters of an INSERT do not tell, of every kind."""

DATABASES = {"default": {"URL": "sqlite:///archive.sqlite"}}
INSTALLED_APPS = ["staff"]

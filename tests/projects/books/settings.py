"""A small library: keys of several columns, keys that are text, links to oneself."""

DATABASES = {"default": {"URL": "sqlite:///books.sqlite"}}
INSTALLED_APPS = ["books"]

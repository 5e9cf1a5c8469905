"""Reference rows of every kind of name: links, nested keys, traits, hooks, values of all types."""

DATABASES = {"default": {"URL": "sqlite:///access.sqlite"}}
INSTALLED_APPS = ["access"]

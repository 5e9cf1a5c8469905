"""A project whose factories break a constraint, that of BREAK in the environment."""

DATABASES = {"default": {"URL": "sqlite:///strict.sqlite"}}
INSTALLED_APPS = ["shop"]

"""A project whose factories can be made to break each kind of constraint, by BREAK in the environment."""

DATABASES = {"default": {"URL": "sqlite:///strict.sqlite"}}
INSTALLED_APPS = ["shop"]

"""Links of every kind: trees, circles, one to one, one to many, both with text keys."""

DATABASES = {"default": {"URL": "sqlite:///club.sqlite"}}
INSTALLED_APPS = ["club"]

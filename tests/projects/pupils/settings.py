"""A school whose factories use the application's session, as those of applications do."""

DATABASES = {"default": {"URL": "sqlite:///pupils.sqlite"}}
INSTALLED_APPS = ["school"]

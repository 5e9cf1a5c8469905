"""A Flask application made by a function: its models know of an app only while it runs."""

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
INSTALLED_APPS = ["shop"]

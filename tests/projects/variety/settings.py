"""One of each: inheritance of four kinds, association objects, composites, odd keys and types."""

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
INSTALLED_APPS = ["shop"]

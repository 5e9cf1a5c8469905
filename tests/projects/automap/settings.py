"""Classes made of what the database has, when their module is imported."""

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
METADATA = ["shop.models:Base"]

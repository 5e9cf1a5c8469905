"""Two bases in one app, and the MetaData of another package: all in one database."""

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
INSTALLED_APPS = ["shop"]
METADATA = ["audit.tables:metadata"]

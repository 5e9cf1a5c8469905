"""Tables without a class, in no installed app."""

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
METADATA = ["shop.tables:metadata"]

"""Classes that know nothing of tables; mapped in a module of its own."""

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
METADATA = ["shop.mapping:mapper_registry"]

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
METADATA = ["shop.models:UUIDAuditBase"]

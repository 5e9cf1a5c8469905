DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
INSTALLED_APPS = ["shop"]

DATABASES = {"default": {"URL": "sqlite:///places.sqlite"}}
INSTALLED_APPS = ["blog", "shop", "till"]
FACTORIES = ["more.factories"]

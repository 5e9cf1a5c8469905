"""Models in many files of many packages, one base for all of them."""

DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}
INSTALLED_APPS = ["shop", "stock"]
METADATA = ["common.base:Base"]

import os

DATABASE_URL = os.environ["DATABASE_URL"]
MODEL_MODULES = ["shop.models"]
INSTALLED_APPS = ["shop"]

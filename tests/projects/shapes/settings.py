"""Declarations and model shapes, one small model for each, in apps by what they are about."""

import os

APPS = ["declared", "traits", "nested", "owned", "metas", "columns", "classes", "drawn"]
DATABASES = {"default": {"URL": "sqlite:///shapes.sqlite"}}
# A run that is about some of them need not have the tables of all.
INSTALLED_APPS = os.environ["APPS"].split() if "APPS" in os.environ else APPS

"""Tenants of the same models: files, or schemas of the PostgreSQL database in TENANTS_URL."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
URL = os.environ.get("TENANTS_URL")
NAMES = [f"tenant_{number:03}" for number in range(int(os.environ.get("TENANTS", "5")))]

DATABASES = {"default": {"URL": URL or f"sqlite:///{HERE / 'default.sqlite'}"}}
for name in NAMES:
    DATABASES[name] = (
        {"URL": URL, "SCHEMA": name} if URL else {"URL": f"sqlite:///{HERE / name}.sqlite"}
    )

INSTALLED_APPS = ["shop"]
LOCK_WAIT = float(os.environ.get("TENANTS_WAIT", "20"))

#!/usr/bin/env python3
"""The project's command line: ``python manage.py --help``."""

import os
import sys

from sqlalchemy_manage import main

if __name__ == "__main__":
    os.environ.setdefault("MANAGE_SETTINGS_MODULE", "settings")
    sys.exit(main())

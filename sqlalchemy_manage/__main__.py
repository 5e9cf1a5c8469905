"""``python -m sqlalchemy_manage``: the same group that a manage.py runs."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(prog_name="python -m sqlalchemy_manage"))

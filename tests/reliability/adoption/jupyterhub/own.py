"""A database as JupyterHub makes it: create_all and a stamp."""

import sys

from jupyterhub import orm

orm.new_session_factory(sys.argv[1])

"""A database as mlflow's basic-auth app makes it."""

import sys

import sqlalchemy as sa
from mlflow.server.auth.db.utils import migrate

migrate(sa.create_engine(sys.argv[1]), "head")

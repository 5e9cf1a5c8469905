"""A database as mlflow makes it: create_all of its first tables, then its revisions."""

import sys

from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

_initialize_tables(create_sqlalchemy_engine(sys.argv[1]))

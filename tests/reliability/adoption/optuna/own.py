"""A database as optuna makes it: create_all and a stamp."""

import sys

import optuna

optuna.storages.RDBStorage(sys.argv[1])

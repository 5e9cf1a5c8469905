"""A database as ihatemoney makes it when its application starts."""

import sys

from ihatemoney.run import create_app


class Configuration:
    SQLALCHEMY_DATABASE_URI = sys.argv[1]


create_app(Configuration)

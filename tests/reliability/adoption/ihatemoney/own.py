"""A database as ihatemoney makes it when its application starts."""

from ihatemoney.run import create_app

create_app()

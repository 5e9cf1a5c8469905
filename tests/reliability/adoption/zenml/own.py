"""A database as zenml makes it: create_all and a stamp."""

import sys

from zenml.zen_stores.sql_zen_store import SqlZenStore, SqlZenStoreConfiguration

SqlZenStore(config=SqlZenStoreConfiguration(url=sys.argv[1]), skip_default_registrations=True)

import os

import sqlalchemy as sa
from sqlalchemy.ext.automap import automap_base

engine = sa.create_engine(os.environ["DATABASE_URL"], poolclass=sa.NullPool)
Base = automap_base()
tables = sa.inspect(engine).get_table_names()
Base.prepare(
    engine,
    reflection_options={"only": [name for name in tables if name in ("writer", "text", "tag")]},
)

"""All that touches Alembic.

``environment`` is what env.py runs. ``autogenerate`` compares models with a database and drafts
a revision; ``revisions`` reads and writes revision files; ``running`` applies them; ``losses``
proves that no row or link goes without a word. ``schemas`` reads databases, ``sqlite`` rebuilds
tables, ``sql`` reads SQL text; ``operations``, ``enums`` and ``objects`` (views, functions,
triggers) are what Alembic's ``op`` has not.
"""

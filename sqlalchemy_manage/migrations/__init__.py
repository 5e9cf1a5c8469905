"""All that touches Alembic.

Each folder imports only those named after it: ``environment`` (what env.py runs), ``directives``
(what it hands to autogenerate), ``actions`` (what a user asks for), ``guards`` (what may stop a
revision), ``autogenerate`` and ``analysis`` (what a revision should do, and would do), ``runner``,
``operations``, ``revisions`` (the files), ``schema`` (what a database has), ``questions``.
"""

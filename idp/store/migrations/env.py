"""Runs revisions on the connection that ``idp.store.sql.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from idp.store.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's environment. The caller provides the connection, in a transaction that the caller ends."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], target_metadata=attributes.get("metadata"))
with context.begin_transaction():
    context.run_migrations()

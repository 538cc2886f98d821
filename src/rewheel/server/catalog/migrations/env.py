"""How Alembic runs a migration: on the connection, and in the transaction, that it is handed."""

from alembic import context

from rewheel.server.catalog.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()

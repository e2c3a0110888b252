"""Run migrations on the connection that webapp/schema.py opened."""

from alembic import context

from webapp.models import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()

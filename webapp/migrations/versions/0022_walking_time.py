"""the walking time between rooms; the events that are there go on without."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("eventsettings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("walk_minutes", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_check_constraint(op.f("ck_eventsettings_walk"), "walk_minutes BETWEEN 0 AND 120")
    with op.batch_alter_table("eventsettings", schema=None) as batch_op:
        batch_op.alter_column("walk_minutes", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("eventsettings", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_eventsettings_walk"), type_="check")
        batch_op.drop_column("walk_minutes")

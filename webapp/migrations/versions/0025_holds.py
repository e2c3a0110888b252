"""an index of what families hold."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_HELD = sa.text("held_until IS NOT NULL AND cancelled_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_appointment_held_until", "appointment", ["held_until"], sqlite_where=_HELD, postgresql_where=_HELD
    )


def downgrade() -> None:
    op.drop_index("ix_appointment_held_until", table_name="appointment")

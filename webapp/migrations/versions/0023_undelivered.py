"""since when a mail fails, and what was given up."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_GIVEN_UP = sa.text("problem IS NOT NULL AND due_at IS NULL AND sent_at IS NULL AND dropped_at IS NULL")


def upgrade() -> None:
    op.add_column("message", sa.Column("failing_since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    where = {"sqlite_where": _GIVEN_UP, "postgresql_where": _GIVEN_UP}
    op.create_index("ix_message_given_up", "message", ["school_id"], **where)


def downgrade() -> None:
    op.drop_index("ix_message_given_up", "message")
    op.drop_column("message", "failing_since")

"""when a grant dies by itself."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TABLES = ("connection", "calendarlink")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("refresh_ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "refresh_ends_at")

"""mails of an event that its office holds."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.add_column("message", sa.Column("held_at", moment(), nullable=True))
    op.add_column("eventsettings", sa.Column("mails_held_at", moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("eventsettings", "mails_held_at")
    op.drop_column("message", "held_at")

"""sign-in links that lead to a page, and since when a busy time is known."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("signinlink", schema=None) as batch:
        text = sqlmodel.sql.sqltypes.AutoString
        batch.add_column(sa.Column("leads_to", text(length=20), nullable=False, server_default=""))
    with op.batch_alter_table("signinlink", schema=None) as batch:
        batch.alter_column("leads_to", server_default=None)
    # What was read before is read again within minutes.
    op.execute("DELETE FROM busytime")
    with op.batch_alter_table("busytime", schema=None) as batch:
        batch.add_column(sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False))


def downgrade() -> None:
    op.drop_column("busytime", "seen_at")
    op.drop_column("signinlink", "leads_to")

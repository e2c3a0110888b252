"""a sign-in code is for the browser that asked for it."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    with op.batch_alter_table("signincode", schema=None) as batch:
        batch.add_column(sa.Column("browser_hash", _TEXT(length=64), nullable=False, server_default=""))
    with op.batch_alter_table("signincode", schema=None) as batch:
        batch.alter_column("browser_hash", server_default=None)


def downgrade() -> None:
    op.drop_column("signincode", "browser_hash")

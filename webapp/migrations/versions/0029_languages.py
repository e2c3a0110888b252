"""contacts read in a language of theirs, and a code is mailed in the one of the page that asked for it."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_TABLES = ("contact", "message")


def upgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch:
            batch.add_column(sa.Column("language", _TEXT(length=5), nullable=False, server_default=""))
        with op.batch_alter_table(table, schema=None) as batch:
            batch.alter_column("language", server_default=None)


def downgrade() -> None:
    # Not by a rebuild: dropping the table of contacts would take along all that belongs to them.
    for table in reversed(_TABLES):
        op.drop_column(table, "language")

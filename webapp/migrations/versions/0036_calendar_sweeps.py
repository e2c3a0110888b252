"""calendars are swept, and rest when they are asked to; their names are longer than those of Zoom's users."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime
_LENGTHS = (
    ("sweep", "host_key", 100, 600),
    ("stray", "host_key", 100, 600),
    ("stray", "remote_id", 100, 512),
    ("stray", "marker", 40, 64),
)


def upgrade() -> None:
    with op.batch_alter_table("calendarentry", schema=None) as batch:
        batch.add_column(sa.Column("missed_at", _INSTANT(), nullable=True))
    with op.batch_alter_table("calendarlink", schema=None) as batch:
        batch.add_column(sa.Column("paused_until", _INSTANT(), nullable=True))
    for table, column, short, long in _LENGTHS:
        _resize(table, column, short, long)


def downgrade() -> None:
    for table, column, short, long in reversed(_LENGTHS):
        _resize(table, column, long, short)
    with op.batch_alter_table("calendarlink", schema=None) as batch:
        batch.drop_column("paused_until")
    with op.batch_alter_table("calendarentry", schema=None) as batch:
        batch.drop_column("missed_at")


def _resize(table: str, column: str, was: int, becomes: int) -> None:
    with op.batch_alter_table(table, schema=None) as batch:
        batch.alter_column(
            column, existing_type=_TEXT(length=was), type_=_TEXT(length=becomes), existing_nullable=False
        )

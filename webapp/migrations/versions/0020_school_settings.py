"""a school's own address, logo, formats, order of names, and the sender of its mails."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_WORDS = {
    "address": 300,
    "date_format": 3,
    "time_format": 2,
    "sender_name": 100,
    "reply_to": 254,
    "support_address": 254,
    "logo_digest": 20,
}


def upgrade() -> None:
    op.create_table(
        "logo",
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("digest", _TEXT(length=20), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_logo_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_logo")),
    )
    with op.batch_alter_table("logo", schema=None) as batch:
        batch.create_index(batch.f("ix_logo_school_id"), ["school_id"], unique=False)
    with op.batch_alter_table("school", schema=None) as batch:
        for name, length in _WORDS.items():
            batch.add_column(sa.Column(name, _TEXT(length=length), nullable=False, server_default=""))
        batch.add_column(sa.Column("names_last_first", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("school", schema=None) as batch:
        for name in (*_WORDS, "names_last_first"):
            batch.alter_column(name, server_default=None)


def downgrade() -> None:
    # Not by a rebuild: dropping the table of schools would take along all that they own.
    for name in ("names_last_first", *_WORDS):
        op.drop_column("school", name)
    op.drop_table("logo")

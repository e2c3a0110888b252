"""sign-in links, how a sign-in was proved, and how long a school's links last."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "signinlink",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("email", _TEXT(length=254), nullable=False),
        sa.Column("token_hash", _TEXT(length=64), nullable=False),
        sa.Column("created_at", _INSTANT(), nullable=False),
        sa.Column("expires_at", _INSTANT(), nullable=False),
        sa.Column("used_at", _INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_signinlink_school_id_school"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_signinlink_contact_id_contact"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signinlink")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_signinlink_token_hash")),
    )
    with op.batch_alter_table("signinlink", schema=None) as batch:
        batch.create_index(batch.f("ix_signinlink_school_id"), ["school_id"], unique=False)
        batch.create_index(batch.f("ix_signinlink_contact_id"), ["contact_id"], unique=False)
    with op.batch_alter_table("signin", schema=None) as batch:
        batch.add_column(sa.Column("by_link", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("proved_at", _INSTANT(), nullable=True))
        batch.add_column(sa.Column("proved_for", _TEXT(length=60), nullable=False, server_default=""))
    with op.batch_alter_table("signin", schema=None) as batch:
        batch.alter_column("by_link", server_default=None)
        batch.alter_column("proved_for", server_default=None)
    with op.batch_alter_table("school", schema=None) as batch:
        batch.add_column(sa.Column("link_days", sa.Integer(), nullable=False, server_default="7"))
    with op.batch_alter_table("school", schema=None) as batch:
        batch.alter_column("link_days", server_default=None)


def downgrade() -> None:
    # Not by a rebuild: dropping the table of schools would take along all that they own.
    op.drop_column("school", "link_days")
    for name in ("proved_for", "proved_at", "by_link"):
        op.drop_column("signin", name)
    op.drop_table("signinlink")

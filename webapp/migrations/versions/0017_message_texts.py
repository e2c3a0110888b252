"""what an office writes for the mails of its events."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "messagetext",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", text(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("uses_schedule", sa.Boolean(), nullable=False),
        sa.Column("subject", text(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("location", text(length=200), nullable=False),
        sa.Column("lead_hours", text(length=40), nullable=False),
        sa.Column("saved_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("saved_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_messagetext_version")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_messagetext_event_id_event"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["contact.id"], name=op.f("fk_messagetext_saved_by_id_contact"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_messagetext_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messagetext")),
        sa.UniqueConstraint("event_id", "kind", "version", name=op.f("uq_messagetext_event_id_kind_version")),
    )
    with op.batch_alter_table("messagetext") as table:
        table.create_index(op.f("ix_messagetext_saved_by_id"), ["saved_by_id"])
        table.create_index(op.f("ix_messagetext_school_id"), ["school_id"])


def downgrade() -> None:
    op.drop_table("messagetext")

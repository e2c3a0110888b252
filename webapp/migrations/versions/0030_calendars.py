"""calendars that teachers linked, their entries and busy times."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "calendarlink",
        sa.Column("provider", _TEXT(length=20), nullable=False),
        sa.Column("account_id", _TEXT(length=100), nullable=False),
        sa.Column("account_name", _TEXT(length=200), nullable=False),
        sa.Column("account_email", _TEXT(length=254), nullable=False),
        sa.Column("scopes", _TEXT(length=4000), nullable=False),
        sa.Column("api_url", _TEXT(length=200), nullable=False),
        sa.Column("access_token", _TEXT(), nullable=False),
        sa.Column("refresh_token", _TEXT(), nullable=False),
        sa.Column("former_refresh_token", _TEXT(), nullable=False),
        sa.Column("access_expires_at", _INSTANT(), nullable=True),
        sa.Column("access_seconds", sa.Integer(), nullable=False),
        sa.Column("refresh_claim", _TEXT(length=32), nullable=True),
        sa.Column("refresh_lease_until", _INSTANT(), nullable=True),
        sa.Column("refresh_tried_at", _INSTANT(), nullable=True),
        sa.Column("refreshed_at", _INSTANT(), nullable=True),
        sa.Column("called_at", _INSTANT(), nullable=True),
        sa.Column("clock_ahead", sa.Integer(), nullable=True),
        sa.Column("connected_at", _INSTANT(), nullable=True),
        sa.Column("disconnected_at", _INSTANT(), nullable=True),
        sa.Column("needs_reconnect_at", _INSTANT(), nullable=True),
        sa.Column("due_at", _INSTANT(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_at", _INSTANT(), nullable=True),
        sa.Column("claim", _TEXT(length=32), nullable=True),
        sa.Column("problem", _TEXT(length=500), nullable=True),
        sa.Column("problem_values", _TEXT(), nullable=False),
        sa.Column("problem_code", _TEXT(length=40), nullable=False),
        sa.Column("problem_detail", _TEXT(length=1000), nullable=False),
        sa.Column("problem_at", _INSTANT(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", _TEXT(length=512), nullable=False),
        sa.Column("calendar_name", _TEXT(length=250), nullable=False),
        sa.Column("is_import", sa.Boolean(), nullable=False),
        sa.Column("saved_at", _INSTANT(), nullable=True),
        sa.Column("synced_at", _INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_calendarlink_contact_id_contact"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_calendarlink_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendarlink")),
        sa.UniqueConstraint("contact_id", "provider", name=op.f("uq_calendarlink_contact_id_provider")),
    )
    with op.batch_alter_table("calendarlink", schema=None) as batch:
        batch.create_index(batch.f("ix_calendarlink_due_at"), ["due_at"], unique=False)
        batch.create_index(batch.f("ix_calendarlink_school_id"), ["school_id"], unique=False)

    op.create_table(
        "busytime",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", _INSTANT(), nullable=False),
        sa.Column("ends_at", _INSTANT(), nullable=False),
        sa.Column("calendar_name", _TEXT(length=250), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_busytime_in_order")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_busytime_contact_id_contact"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["calendarlink.id"], name=op.f("fk_busytime_link_id_calendarlink"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_busytime_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_busytime")),
    )
    with op.batch_alter_table("busytime", schema=None) as batch:
        batch.create_index("ix_busytime_contact_id_ends_at", ["contact_id", "ends_at"], unique=False)
        batch.create_index(batch.f("ix_busytime_link_id"), ["link_id"], unique=False)
        batch.create_index(batch.f("ix_busytime_school_id"), ["school_id"], unique=False)

    op.create_table(
        "calendarentry",
        sa.Column("due_at", _INSTANT(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_at", _INSTANT(), nullable=True),
        sa.Column("claim", _TEXT(length=32), nullable=True),
        sa.Column("problem", _TEXT(length=500), nullable=True),
        sa.Column("problem_values", _TEXT(), nullable=False),
        sa.Column("problem_code", _TEXT(length=40), nullable=False),
        sa.Column("problem_detail", _TEXT(length=1000), nullable=False),
        sa.Column("problem_at", _INSTANT(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", _TEXT(length=512), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("key", _TEXT(length=64), nullable=False),
        sa.Column("wish", _TEXT(length=8), nullable=False),
        sa.Column("wished_at", _INSTANT(), nullable=False),
        sa.Column("remote_id", _TEXT(length=512), nullable=True),
        sa.Column("ordered", _TEXT(length=64), nullable=False),
        sa.Column("starts_at", _INSTANT(), nullable=True),
        sa.Column("ends_at", _INSTANT(), nullable=True),
        sa.Column("put_at", _INSTANT(), nullable=True),
        sa.Column("theirs", _TEXT(length=8), nullable=False),
        sa.Column("theirs_at", _INSTANT(), nullable=True),
        sa.Column("gone_at", _INSTANT(), nullable=True),
        sa.Column("replaced_at", _INSTANT(), nullable=True),
        sa.CheckConstraint("theirs IN ('', 'deleted', 'moved')", name=op.f("ck_calendarentry_known_theirs")),
        sa.CheckConstraint("wish IN ('present', 'absent')", name=op.f("ck_calendarentry_known_wish")),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
            name=op.f("fk_calendarentry_appointment_id_appointment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["calendarlink.id"], name=op.f("fk_calendarentry_link_id_calendarlink"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_calendarentry_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendarentry")),
        sa.UniqueConstraint(
            "appointment_id", "link_id", "generation", name=op.f("uq_calendarentry_appointment_id_link_id_generation")
        ),
        sa.UniqueConstraint("key", name=op.f("uq_calendarentry_key")),
    )
    with op.batch_alter_table("calendarentry", schema=None) as batch:
        batch.create_index(batch.f("ix_calendarentry_appointment_id"), ["appointment_id"], unique=False)
        batch.create_index(batch.f("ix_calendarentry_due_at"), ["due_at"], unique=False)
        batch.create_index(batch.f("ix_calendarentry_link_id"), ["link_id"], unique=False)
        batch.create_index(batch.f("ix_calendarentry_school_id"), ["school_id"], unique=False)
        batch.create_index(
            "uq_calendarentry_current",
            ["appointment_id", "link_id"],
            unique=True,
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )


def downgrade() -> None:
    op.drop_table("calendarentry")
    op.drop_table("busytime")
    op.drop_table("calendarlink")

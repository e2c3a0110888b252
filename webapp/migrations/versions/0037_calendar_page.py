"""a private calendar link of each kind, and the calendars among which a teacher chooses."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    with op.batch_alter_table("calendarlink", schema=None) as batch:
        batch.add_column(sa.Column("writable", _TEXT(), nullable=False, server_default="[]"))
    with op.batch_alter_table("calendarlink", schema=None) as batch:
        batch.alter_column("writable", server_default=None)
    _with_key("contact_id", "kind", is_new=True)


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM feed WHERE kind <> 'family'"))
    _with_key("contact_id", is_new=False)
    with op.batch_alter_table("calendarlink", schema=None) as batch:
        batch.drop_column("writable")


def _with_key(*columns: str, is_new: bool) -> None:
    """The table made anew, since SQLite cannot change a primary key; of each link only its hash is kept."""
    kept = ["contact_id", "school_id", "token_hash", "made_at"]
    feed = sa.table("feed", *(sa.column(name) for name in [*kept, "kind"]))
    rows = op.get_bind().execute(sa.select(*(feed.c[name] for name in kept))).mappings().all()
    op.drop_table("feed")
    kind = [sa.Column("kind", _TEXT(length=8), nullable=False)] if is_new else []
    check = [sa.CheckConstraint("kind IN ('family', 'teacher')", name=op.f("ck_feed_known_kind"))] if is_new else []
    op.create_table(
        "feed",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        *kind,
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", _TEXT(length=64), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        *check,
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_feed_contact_id_contact"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_feed_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(*columns, name=op.f("pk_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_token_hash")),
    )
    with op.batch_alter_table("feed", schema=None) as batch:
        batch.create_index(batch.f("ix_feed_school_id"), ["school_id"], unique=False)
    if rows:
        op.bulk_insert(feed, [dict(row) | ({"kind": "family"} if is_new else {}) for row in rows])

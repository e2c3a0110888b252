"""what was written down of a deed is neither changed nor deleted, whatever asks for it."""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_CHANGED, _DELETED = "audit_kept_when_changed", "audit_kept_when_deleted"
_WORDS = "what was done is written down for good"
# Not `school_id`, which is emptied when a school goes.
_EVENTS = {_CHANGED: "UPDATE OF id, at, login_id, acting_as_id, action, subject, detail", _DELETED: "DELETE"}
_REFUSE = f"""CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"""


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if not on_sqlite:
        op.execute(_REFUSE)
    for name, event in _EVENTS.items():
        refuse = (
            f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
            if on_sqlite
            else "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON audit {refuse}")


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in _EVENTS:
        op.execute(f"DROP TRIGGER {name}" if on_sqlite else f"DROP TRIGGER {name} ON audit")
    if not on_sqlite:
        op.execute("DROP FUNCTION refuse_change_of_audit()")

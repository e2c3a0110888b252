"""Teachers' own calendars: which entries they shall have, and how these come to be."""

"""Teachers' own calendars: the accounts they linked, the entries we keep there, the times they are busy."""

"""Who uses Confab: schools, logins, contacts, students and how they came in."""

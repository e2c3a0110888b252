"""What the people who run Confab do besides serving it: check, hold, back up, restore, ask for its health."""

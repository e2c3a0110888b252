"""A school to play with: its data, its files, and the process that runs all of it."""

"""What is mailed."""

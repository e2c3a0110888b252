"""What a school holds: events, their settings, resources and slots."""

"""What the console prints."""

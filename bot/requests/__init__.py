"""What members ask of the admin, from asking to green; nothing here knows Discord or Mailcow."""

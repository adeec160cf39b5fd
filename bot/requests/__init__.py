"""What members ask of the admin, from asking to green, whatever software the mail server runs."""

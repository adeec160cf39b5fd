"""What the mail server offers, and what a domain should publish."""

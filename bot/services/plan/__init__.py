"""What comes next for a domain, worked out once for every surface."""

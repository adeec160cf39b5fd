"""Looks at domains by itself, and tells of what broke, what is right again, and what changed."""

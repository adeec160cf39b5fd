"""A Mailcow of our own: a real HTTP server with state that answers as release 2026-07a does."""

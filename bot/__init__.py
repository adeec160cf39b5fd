"""Cowbell: the Discord front desk of a Mailcow mail server."""

"""Checks of a domain's DNS: what it publishes, what is wrong with it, and how to mend that."""

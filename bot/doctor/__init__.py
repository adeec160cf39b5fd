"""Checks every part that the bot needs (DNS, Discord, database, Mailcow) by using it."""

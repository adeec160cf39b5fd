"""Whether the bot is well, for those who watch it: a loopback port with figures."""

"""Whether everything that the bot stands on works, found out by using it."""

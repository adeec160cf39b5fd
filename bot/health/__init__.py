"""Health and metrics of the bot, for monitoring: answered on a loopback port."""

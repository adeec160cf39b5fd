"""The embedded DNS world, with which the bot runs without a network."""

"""The composition roots, which put the parts together: the console's, the bot's, and a worker's."""

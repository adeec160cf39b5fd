"""The composition roots, which put the parts together: one for the console, one for the bot."""

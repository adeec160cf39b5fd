"""The composition roots, which put the parts together: of the console, of the bot, and of `work`."""

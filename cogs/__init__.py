"""Discord commands, one file a subject: declare, call the core, hand the result to the cards."""

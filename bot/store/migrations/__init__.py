"""The migrations of the store, run by `bot.store.engine.migrate`."""

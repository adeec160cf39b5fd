"""The migrations of the store, run by `bot.store.migration`."""

"""The user's own folder: settings, the ledger of evidence, and a cache of digests."""

"""One `Report`, many readers. Everything that came out of a model is escaped here."""

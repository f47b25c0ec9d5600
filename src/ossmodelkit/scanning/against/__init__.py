"""A model against its base: what a fine-tune changed, and whether that is what it says it changed."""

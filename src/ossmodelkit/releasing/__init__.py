"""Is the model ready for the world, and how do we prove it? Checklist, documents, signature."""

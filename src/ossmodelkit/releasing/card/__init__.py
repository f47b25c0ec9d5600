"""The model card: its header, its generated blocks, a person's own words, and the proof of its numbers."""

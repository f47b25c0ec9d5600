"""How do we run a fine-tune? The plan, and the launch of the trainer process."""

"""Audit, fine-tune, release and verify open AI models, with the evidence to prove it."""

__version__ = "0.1.0"

"""How to read bytes without trusting them: small typed views under a budget."""

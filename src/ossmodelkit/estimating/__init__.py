"""Will it fit, how fast is it, and what does it cost? Arithmetic only, no torch."""

"""The shapes that travel between the rooms: frozen, and standard library only."""

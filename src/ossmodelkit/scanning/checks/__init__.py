"""One file for each kind of view, holding the checks that read it."""

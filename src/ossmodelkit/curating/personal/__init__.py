"""Personal data with a form of its own: found by pattern, confirmed by check digits, rules and the words around."""

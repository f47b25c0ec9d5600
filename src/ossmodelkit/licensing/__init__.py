"""May we use this, and what do we owe? Claims become terms, terms a verdict with clauses."""

"""May we use this model, and what do we owe for it?"""

"""The rules, by what they ask: may we, what about outputs and data, what do we owe, does it fit together.

Every rule is a function over a `Case` that yields issues, obligations and questions. Rules read facts,
never license names: a new license needs a table and no code.
"""

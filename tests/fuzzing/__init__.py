"""`make fuzz`: every reader against bytes that a coverage-guided fuzzer makes up, begun with what the tests use."""

"""Files that people write: read with their line numbers, checked against a format, opened without surprises."""

"""Users, conversations and history from a file (`--seed-data`), and an empty database to begin with (`--reset`)."""

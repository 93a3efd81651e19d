"""Creates users, conversations and history from a file (`--seed-data`), and empties the database (`--reset`)."""

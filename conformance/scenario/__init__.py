"""The scenario language: its frozen types (`steps`), its cases, and the grammar that reads it (`parse`)."""

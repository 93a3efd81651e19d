"""The scenario language: its frozen types (`model`, `steps`), cases, patterns, and grammar (`parse`)."""

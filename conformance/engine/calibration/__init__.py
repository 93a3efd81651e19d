"""Measures how the target behaves before anything is judged."""

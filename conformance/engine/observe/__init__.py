"""Judges traffic that others make: a transparent proxy, and recordings of what passed."""

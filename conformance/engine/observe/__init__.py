"""Judges the traffic of real clients: live, through a transparent proxy, or from a recording."""

"""The views of recorded loads: a table for people, a CSV file for spreadsheets, and columns for the parity table."""

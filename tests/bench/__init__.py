"""Figures, side by side in one run: `nox -s bench`. Ratios travel, absolute times do not."""

"""Whether the target is still there, and which results may be believed."""

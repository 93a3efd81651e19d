"""What was seen and what it means: results, the run log, statuses, waivers, verdicts."""

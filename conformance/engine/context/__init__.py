"""What a scenario run can reach: connections, names, transcript, and what all scenarios of a run share."""

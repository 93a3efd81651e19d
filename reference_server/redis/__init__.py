"""The parts that the processes of a deployment share through Redis: channels, rate limits and presence."""

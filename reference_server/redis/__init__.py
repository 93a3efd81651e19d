"""What the processes of one deployment share through Redis: channels, rate limits, presence."""

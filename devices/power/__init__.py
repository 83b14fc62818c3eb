"""Power meters: what they say, turned into watts by pure functions."""

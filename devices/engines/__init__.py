"""What the engines on a device need to be told, and what they say, made into values."""

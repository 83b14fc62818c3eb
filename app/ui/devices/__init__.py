"""Boards in the window: which there are, how they stand, what they do now, and how one is added."""

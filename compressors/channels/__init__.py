"""Whole channels taken out of a network: which hang together, which matter least, and how many a device likes."""

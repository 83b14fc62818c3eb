"""Where a network runs, and what is measured there."""

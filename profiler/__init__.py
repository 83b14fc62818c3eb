"""What a network is, and what it costs. Knows no torch, no Qt, no device."""

"""How a network is made smaller, and how it learns."""

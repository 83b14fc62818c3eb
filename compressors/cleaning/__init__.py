"""Rewrites that change what a network costs and not what it computes."""

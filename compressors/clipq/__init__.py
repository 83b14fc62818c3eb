"""CLIP-Q: pruning and quantisation in parallel, while the network trains (Tung and Mori 2018)."""

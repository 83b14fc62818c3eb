"""The network as a graph: painted from a drawing that a worker laid out."""

"""Weight sharing, the arithmetic: few values for many weights, by k-means in one dimension. docs/sharing.md."""

from compressors.sharing.clustering import START, Shared, assigned, cluster, rounded

__all__ = ["START", "Shared", "assigned", "cluster", "rounded"]

"""The views of the Network page, in the order of its tabs; each is loaded when it is first shown."""

from __future__ import annotations

from app.ui.network.view import ViewEntry

VIEWS = (
    ViewEntry("layers", "Layers", "app.ui.network.layers_view", "LayersView"),
    ViewEntry("graph", "Graph", "app.ui.network.graph_view", "GraphView"),
    ViewEntry("treemap", "Treemap", "app.ui.network.treemap_view", "TreemapView"),
    ViewEntry("memory", "Memory", "app.ui.network.memory_view", "MemoryView"),
    ViewEntry("activity", "Activity", "app.ui.network.activity_view", "ActivityView"),
    ViewEntry("fusion", "Fusion", "app.ui.network.fusion_view", "FusionView"),
)

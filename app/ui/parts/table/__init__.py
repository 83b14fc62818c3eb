"""A table of plain rows.

table = DataTable("layers", "Layers")
table.show_columns([Column("name", "Layer", left=True), Column("macs", "MACs", bar=True)])
cells = {"name": Cell("conv1", strong=True), "macs": Cell("105 M", 105415200, tip="105,415,200 MACs")}
table.show_rows([Row("conv1", cells, mark="conv")], total)
table.picked.connect(desk.select_layer)     # a person moved to another row
table.pick("conv1")                         # show the selection, tells nobody
"""

from app.ui.parts.table.card import TableCard, table_tools
from app.ui.parts.table.model import Cell, Column, Row
from app.ui.parts.table.view import DataTable

__all__ = ["Cell", "Column", "DataTable", "Row", "TableCard", "table_tools"]

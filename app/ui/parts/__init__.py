"""Widgets that pages share.

text: `label(text, role)`, `heading`, `caption`, `Elided` (cut in the middle, the whole in the tooltip)
card: `Card` (title, tools at its right, `body` layout), `hairline`, `row`, `column`, `clear`
buttons: `button`, `primary_button`, `icon_button`, `link_button`, `menu_button`
segmented: `Segmented` (one of a few, `chosen` signal)
marker: `paint_marker`, `Marker` (a candidate's marker as a widget), `Look`/`look_of` (shape and colour), `FigureLegend`
bars: `StackedBar`, `LimitBar`, `SizeBar`
table: `DataTable`, `Column`, `Row`, `Cell`; `TableCard` (a titled card with filter, Copy and Export)
error_card: `ErrorCard` (what, where, try), `NoteLine` (one amber or plain line)
empty_state: `EmptyState` (the exact words, then the action)
lines: `LineList` (icon, words, note)
sheet: `Sheet` (a panel over the page)
columns: `MiddleAndRight` (a splitter; the right one becomes a tab in a small window)
"""

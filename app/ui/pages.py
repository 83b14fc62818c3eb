"""The five pages: what the top bar shows before any of them is loaded, and where each is."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from app.ui.desk import Desk
from app.ui.page import Page


@dataclass(frozen=True)
class PageEntry:
    key: str
    title: str
    icon: str
    module: str
    name: str

    def load(self) -> None:
        """Import its module; may be done on another thread, ahead of time."""
        importlib.import_module(self.module)

    @property
    def page(self) -> type[Page]:
        return getattr(importlib.import_module(self.module), self.name)

    def begin(self, desk: Desk) -> Page:
        """The page; pages that are long to make are not finished yet."""
        return self.page(desk, at_once=False)


PAGES = (
    PageEntry("network", "Network", "tree-structure", "app.ui.network_page", "NetworkPage"),
    PageEntry("compress", "Compress", "scissors", "app.ui.compress_page", "CompressPage"),
    PageEntry("profile", "Profile", "gauge", "app.ui.profile_page", "ProfilePage"),
    PageEntry("tradeoff", "Trade-off", "chart-line", "app.ui.tradeoff_page", "TradeoffPage"),
    PageEntry("report", "Report", "file-text", "app.ui.report_page", "ReportPage"),
)

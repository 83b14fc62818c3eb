"""The window's plots. Importing this package's modules loads pyqtgraph: only pages built after the first paint do."""

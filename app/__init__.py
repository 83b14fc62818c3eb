"""The window, the command line and the study: the top of the house."""

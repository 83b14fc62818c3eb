"""The commands of the command line. Each answers in words, or with --json as one object."""

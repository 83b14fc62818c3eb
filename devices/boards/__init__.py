"""The kinds of device: this computer now, boards over SSH beside it."""

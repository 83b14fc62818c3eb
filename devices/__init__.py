"""Where a network runs, and what is measured there."""

from devices.device import Device
from devices.registry import device, devices

__all__ = ["Device", "device", "devices"]

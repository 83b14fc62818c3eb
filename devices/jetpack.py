"""Which JetPack brought a release of Linux for Tegra (L4T).

From NVIDIA's own pages: each release of L4T says which JetPack it is part of (developer.nvidia.com/embedded/
jetson-linux-archive and /embedded/jetpack-archive). Some came with two of them; then both are named.
"""

JETPACKS = {
    "21.5": "2.3.1 or 3.0",
    "23.2": "2.1",
    "24.1": "2.2",
    "24.2": "2.3",
    "24.2.1": "2.3.1 or 3.0",
    "27.1": "3.0",
    "28.1": "3.1",
    "28.2": "3.2",
    "28.2.1": "3.2.1 or 3.3",
    "31.1": "4.1.1",
    "32.1": "4.2",
    "32.2": "4.2.1",
    "32.2.1": "4.2.2",
    "32.2.3": "4.2.3",
    "32.3.1": "4.3",
    "32.4.3": "4.4",
    "32.4.4": "4.4.1",
    "32.5": "4.5",
    "32.5.1": "4.5.1",
    "32.5.2": "4.5.1",
    "32.6.1": "4.6",
    "32.7.1": "4.6.1",
    "32.7.2": "4.6.2",
    "32.7.3": "4.6.3",
    "32.7.4": "4.6.4",
    "32.7.5": "4.6.5",
    "32.7.6": "4.6.6",
    "34.1": "5.0 (preview)",
    "34.1.1": "5.0.1 (preview)",
    "35.1": "5.0.2",
    "35.2.1": "5.1",
    "35.3.1": "5.1.1",
    "35.4.1": "5.1.2",
    "35.5": "5.1.3",
    "35.6": "5.1.4",
    "35.6.1": "5.1.5",
    "36.2": "6.0 (preview)",
    "36.3": "6.0",
    "36.4": "6.1",
    "36.4.3": "6.2",
    "36.4.4": "6.2.1",
}


def jetpack(l4t: str) -> str:
    """The JetPack of an L4T release like "32.7.1"; "" where it is not known. "32.5.0" and "32.5" are the same."""
    parts = l4t.split(".")
    shorter = ".".join(parts[:-1]) if parts[-1] == "0" else l4t
    return JETPACKS.get(l4t) or JETPACKS.get(shorter, "")

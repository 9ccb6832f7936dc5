"""How much memory a process took, for the workers of fuzz.py and hostile.py."""

from pathlib import Path


def peak_megabytes() -> int:
    """Returns the most memory of this process that was resident so far."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(s for s in status if s.startswith("VmHWM")).split()[1]) // 1024

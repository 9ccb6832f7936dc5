"""What is optimised: HUSE and the methods that it is compared with.

Names are imported when they are first asked for: the config reads the registry before
TensorFlow starts.
"""

import importlib
from typing import Any

_HOMES = {
    **dict.fromkeys(("Huse", "HuseP"), "huse"),
    **dict.fromkeys(
        ("AdaMine", "Cme", "Devise", "Hie", "Separate", "Triplet"), "baselines"
    ),
    **dict.fromkeys(("Clip", "Siglip"), "pairs"),
    "Objective": "base",
    "make_objective": "factory",
}

__all__ = [
    "AdaMine",
    "Clip",
    "Cme",
    "Devise",
    "Hie",
    "Huse",
    "HuseP",
    "Objective",
    "Separate",
    "Siglip",
    "Triplet",
    "make_objective",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

"""How the sections of config.ini and their keys are declared."""

import dataclasses
from typing import Any

from huse_tf.config.values import Kind

section = dataclasses.dataclass(frozen=True, kw_only=True)


def key(
    kind: Kind,
    what: str,
    default: Any = dataclasses.MISSING,
    earlier: Any = dataclasses.MISSING,
) -> Any:
    """Declares one key of the ini.

    Args:
        kind: of its value.
        what: its comment; whose key it is, among the parts that can be named, comes
            from their registry.
        default: the value where an ini lacks the key.
        earlier: what runs did before there was the key, or before its default became
            this one, where that differs from the default. A key that is added or
            changed then changes no run that was begun before.
    """
    earlier = default if earlier is dataclasses.MISSING else earlier
    metadata = {"kind": kind, "what": what, "earlier": earlier}
    return dataclasses.field(default=default, metadata=metadata)

"""Variables, for components of a world that imports them, as `-w stream-handler-services` does.

    from spin_kinesis_sdk import variables

    url = variables.get("webhook")

The component reads the variables that its `variables` table names.
"""

from ._services import Missing, ServiceError, ask

try:
    from wit_world.imports import variables as _bindings
except ImportError:
    _bindings = Missing("fermyon:spin/variables@2.0.0")

__all__ = ["ServiceError", "get"]


def get(name: str) -> str:
    """The value as its providers have it now; a ServiceError: `undefined: …`, `invalid-name: …`, `provider: …`."""
    return ask(_bindings.get, name)

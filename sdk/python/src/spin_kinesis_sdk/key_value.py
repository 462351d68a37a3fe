"""Key-value stores, for components of a world that imports them, as `-w stream-handler-services` does.

    from spin_kinesis_sdk import key_value

    store = key_value.open("default")
    store.set("colour", "blue")
    assert store.get("colour") == b"blue"

The component opens the stores that its `key_value_stores` names.
"""

from typing import Optional, Union

from ._services import Missing, ServiceError, ask

try:
    from wit_world.imports import key_value as _bindings
except ImportError:
    _bindings = Missing("fermyon:spin/key-value@2.0.0")

__all__ = ["ServiceError", "Store", "open"]


class Store:
    """An open store. What the host refuses is a ServiceError: `access-denied`, `no-such-store`, `other: …`."""

    def __init__(self, raw):
        self._raw = raw

    def get(self, key: str) -> Optional[bytes]:
        """The value; None where there is none."""
        return ask(self._raw.get, key)

    def set(self, key: str, value: Union[bytes, str]) -> None:
        """A text is written as UTF-8."""
        ask(self._raw.set, key, value.encode() if isinstance(value, str) else bytes(value))

    def delete(self, key: str) -> None:
        """That there is no such key is no error."""
        ask(self._raw.delete, key)

    def exists(self, key: str) -> bool:
        return ask(self._raw.exists, key)

    def keys(self) -> list[str]:
        """All of them."""
        return ask(self._raw.get_keys)


def open(label: str = "default") -> Store:
    """The store with that label."""
    return Store(ask(_bindings.Store.open, label))

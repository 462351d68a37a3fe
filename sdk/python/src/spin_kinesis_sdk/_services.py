"""What the modules for Spin's interfaces share."""

from enum import Enum
from typing import Any, Callable

from ._worlds import Err


class ServiceError(Exception):
    """What the host answered in the place of a result."""

    def __init__(self, kind: str, text: str = ""):
        super().__init__(f"{kind}: {text}" if text else kind)
        #: The interface's name for it, as "access-denied".
        self.kind = kind


def ask(function: Callable, *arguments: Any) -> Any:
    """Calls what componentize-py generated; an error is a ServiceError."""
    try:
        return function(*arguments)
    except Err as failed:
        raise error_of(failed.value) from None


def error_of(value: Any) -> ServiceError:
    """A case of a variant is a class `Error_NoSuchStore`, that of an enumeration a member `NOT_ALLOWED`."""
    if isinstance(value, Enum):
        return ServiceError(value.name.lower().replace("_", "-"))
    name = type(value).__name__.partition("_")[2]
    kind = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
    return ServiceError(kind, getattr(value, "value", ""))


class Missing:
    """Stands for bindings that the component was not built with, and in a plain Python interpreter."""

    def __init__(self, interface: str):
        self._interface = interface

    def __getattr__(self, name: str):
        raise RuntimeError(f"the component's world does not import {self._interface}, as -w stream-handler-services does")

"""Outbound HTTP, for components of a world that imports it, as `-w stream-handler-services` does.

    from spin_kinesis_sdk import http

    answer = http.send("POST", url, headers={"content-type": "application/json"}, body=record.data)
    if answer.status >= 300: ...

The component reaches the hosts that its `allowed_outbound_hosts` lists. A request is sent with its whole body, and
the response is had whole, 100 MiB at most: more may be a MemoryError that ends the call.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from ._services import Missing, ServiceError, ask

try:
    from wit_world.imports import http as _bindings
    from wit_world.imports import http_types as _types
except ImportError:
    _bindings = _types = Missing("fermyon:spin/http")

__all__ = ["Response", "ServiceError", "send"]


@dataclass
class Response:
    """Of any status."""

    status: int
    #: By names in small letters; of a name that came more than once the last.
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def text(self) -> str:
        return str(self.body, "utf-8")

    def json(self) -> Any:
        return json.loads(self.body)


def send(method: str, url: str, headers: Union[Mapping[str, str], Iterable[tuple[str, str]]] = (),
         body: Union[bytes, str] = b"") -> Response:
    """Sends a request and waits for its response. Redirects are not followed. What fails is a ServiceError:
    `destination-not-allowed`, `invalid-url`, `request-error`, `runtime-error` (nothing was reached),
    `too-many-requests`."""
    lines = list(headers.items() if isinstance(headers, Mapping) else headers)
    data = body.encode() if isinstance(body, str) else bytes(body)
    request = _types.Request(getattr(_types.Method, method.upper()), url, lines, [], data)
    got = ask(_bindings.send_request, request)
    return Response(got.status, {name.lower(): value for name, value in got.headers or ()}, got.body or b"")

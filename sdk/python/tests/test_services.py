"""The modules for Spin's interfaces, with what componentize-py would generate stood in for."""

from enum import Enum
from types import SimpleNamespace

import pytest
from spin_kinesis_sdk import http, key_value, variables
from spin_kinesis_sdk._worlds import Err
from spin_kinesis_sdk.key_value import ServiceError


class Error_NoSuchStore:
    pass


class Error_Undefined:
    def __init__(self, value):
        self.value = value


class HttpError(Enum):
    SUCCESS = 0
    DESTINATION_NOT_ALLOWED = 1


class Method(Enum):
    GET = 0
    PATCH = 4


def refusing(value):
    def refuse(*_):
        raise Err(value)
    return refuse


def test_an_error_has_the_interfaces_name_and_its_text(monkeypatch):
    monkeypatch.setattr(key_value, "_bindings", SimpleNamespace(Store=SimpleNamespace(open=refusing(Error_NoSuchStore()))))
    monkeypatch.setattr(variables, "_bindings", SimpleNamespace(get=refusing(Error_Undefined("colour"))))
    with pytest.raises(ServiceError, match="^no-such-store$") as raised:
        key_value.open("x")
    assert raised.value.kind == "no-such-store"
    with pytest.raises(ServiceError, match="^undefined: colour$") as raised:
        variables.get("colour")
    assert raised.value.kind == "undefined"


def test_a_text_is_stored_as_utf_8():
    written = {}
    store = key_value.Store(SimpleNamespace(set=written.__setitem__))
    store.set("a", "gr\u00fcn")
    store.set("b", bytearray(b"\xff"))
    assert written == {"a": b"gr\xc3\xbcn", "b": b"\xff"}


def test_a_request_is_sent_whole_and_its_response_had_whole(monkeypatch):
    sent = []

    def answer(request):
        sent.append(request)
        return SimpleNamespace(status=201, headers=[("X-Key", "ada")], body=b'{"n": 1}')
    monkeypatch.setattr(http, "_types", SimpleNamespace(Request=lambda *fields: fields, Method=Method))
    monkeypatch.setattr(http, "_bindings", SimpleNamespace(send_request=answer))
    got = http.send("patch", "http://a", {"x": "y"}, "body")
    assert sent == [(Method.PATCH, "http://a", [("x", "y")], [], b"body")]
    assert (got.status, got.headers, got.json(), got.text()) == (201, {"x-key": "ada"}, {"n": 1}, '{"n": 1}')
    monkeypatch.setattr(http, "_bindings", SimpleNamespace(send_request=refusing(HttpError.DESTINATION_NOT_ALLOWED)))
    with pytest.raises(ServiceError, match="^destination-not-allowed$"):
        http.send("GET", "http://b")


@pytest.mark.parametrize(("call", "interface"), [
    (lambda: key_value.open(), "key-value@2.0.0"), (lambda: variables.get("a"), "variables@2.0.0"),
    (lambda: http.send("GET", "http://a"), "http")])
def test_in_another_world_a_module_says_what_is_missing(call, interface):
    with pytest.raises(RuntimeError, match=f"does not import fermyon:spin/{interface}, as -w stream-handler-services"):
        call()

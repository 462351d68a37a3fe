"""That nothing of the host is left out: each function of the contract is imported by a guest of the tests, and was
asked for through the program by the tests of this run, allowed and, where it names something, denied."""

import pytest
import surface

FILES = {"test_surface_servers", "test_surface_stores", "test_surface_network"}


def functions(choose=lambda naming: True):
    return {(interface, function) for interface, of in surface.contract().items() for function, naming in of.items()
            if choose(naming)}


def test_the_contract_is_what_the_bridge_links():
    assert surface.linked() == set(surface.contract()) - surface.SERVED_BY_NEWER


def test_each_function_is_imported_by_a_guest():
    assert len(functions()) > 100
    network = {(interface, function) for interface, of in surface.network_of_wasi().items() for function in of}
    assert len(network) > 200
    nobody = (functions() | network) - set(surface.imported())
    assert not nobody, sorted(nobody)


def test_a_function_is_found_under_the_name_that_a_module_imports_it_by():
    found = surface.functions_of("""
        package some:thing@1.2.0;  // interface none { no: func(); }
        interface one {
          use other.{error};
          variant case { first(string), second }
          resource of-it {
            constructor(address: string);
            open: static async func(label: string) -> result<of-it, error>;
            %get: func(key: list<u8>) -> string;
          }
          send: async func(req: request);
        }
        package old:thing { interface two { close: func(%name: string, n: u32); } }""")
    assert found == {
        "some:thing/one@1.2.0": {"[constructor]of-it": False, "[static]of-it.open": True, "[method]of-it.get": False,
                                 "send": True},
        "old:thing/two": {"close": True}}


def whole_run(request):
    ran = {item.module.__name__ for item in request.session.items}
    if not FILES <= ran or request.session.testsfailed or request.config.option.keyword:
        pytest.skip(f"it takes a whole run of {', '.join(sorted(FILES))}")


def asked_functions(calls):
    """The tests say `query`: which function that is in its interface."""
    found = set()
    for interface, of in surface.contract().items():
        found |= {(interface, function) for function in of if (interface, surface.bare(function)) in calls}
    return found


def test_each_function_was_asked_for(request, asked):
    whole_run(request)
    unasked = functions() - asked_functions(asked.allowed)
    assert not unasked, sorted(unasked)


def test_each_function_that_names_something_was_refused(request, asked):
    whole_run(request)
    never = functions(lambda naming: naming) - asked_functions(asked.denied)
    assert not never, sorted(never)

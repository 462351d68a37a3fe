#!/usr/bin/env python3
"""Prints a world as the headers have it: lines of the assembler that make a `component-type` section.

    component_type.py <module> <macro> <section's name> [<comdat group>]

The module is an object file or module with that section: what `wit-bindgen c` writes beside its header, or
`wasm-tools component embed --dummy`. With `--hex <module>` it prints what sdk/go/describe has. Needed only when a
world changes, which would be a new package version: spin_kinesis.hpp has `spin-kinesis` of wit/kinesis.wit;
spin_services.hpp has `stream-handler` of wit/handler.wit, and a world that imports what the header offers (its
WIT is in sdk/python/src/spin_kinesis_sdk/wit).
"""

import sys


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def sections(data):
    at = 8
    while at < len(data):
        kind = data[at]
        size, body = leb(data, at + 1)
        at = body + size
        if kind == 0:
            length, name_at = leb(data, body)
            name = data[name_at : name_at + length].decode()
            yield name, data[name_at + length : at]


def component_type(path):
    with open(path, "rb") as file:
        data = file.read()
    for name, body in sections(data):
        if name.startswith("component-type"):
            return body
    sys.exit("no component-type section in " + path)


def print_macro(body, macro, section, group=None):
    place = f'\\"G\\",@,{group},comdat' if group else '\\"\\",@'
    lines = [f'  ".section \\".custom_section.{section}\\",{place}\\n"']
    for start in range(0, len(body), 22):
        row = ",".join(map(str, body[start : start + 22]))
        lines.append(f'  ".byte {row}\\n"')
    lines.append('  ".text\\n"')
    width = max(map(len, lines)) + 1
    print(f"#define {macro} \\")
    print(" \\\n".join(line.ljust(width).rstrip() for line in lines))


if sys.argv[1] == "--hex":
    print(component_type(sys.argv[2]).hex())
else:
    print_macro(component_type(sys.argv[1]), *sys.argv[2:])

#!/usr/bin/env python3
"""Prints the macro SPIN_KINESIS_COMPONENT_TYPE for spin_kinesis.hpp.

The input is an object file or module with a `component-type` section for world `spin-kinesis` of
wit/kinesis.wit, for example the `spin_kinesis_component_type.o` that `wit-bindgen c` writes. Needed
only when the world changes, which would be a new package version.
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


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    for name, body in sections(data):
        if name.startswith("component-type"):
            lines = ['  ".section \\".custom_section.component-type:spin-kinesis\\",\\"\\",@\\n"']
            for start in range(0, len(body), 22):
                row = ",".join(map(str, body[start : start + 22]))
                lines.append(f'  ".byte {row}\\n"')
            lines.append('  ".text\\n"')
            width = max(map(len, lines)) + 1
            print("#define SPIN_KINESIS_COMPONENT_TYPE \\")
            print(" \\\n".join(line.ljust(width).rstrip() for line in lines))
            return
    sys.exit("no component-type section in " + sys.argv[1])


main()

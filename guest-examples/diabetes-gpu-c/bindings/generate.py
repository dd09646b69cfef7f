"""Makes the bindings of `../wit/webgpu.wit` anew: `python3 generate.py`, with wit-bindgen-cli 0.61.1 installed.

wit-bindgen writes what the component imports into an object file. A project is built from sources only, so the one section of that
file becomes a source, too: `component-type.c`.
"""

import pathlib
import subprocess

FOLDER = pathlib.Path(__file__).parent
MAGIC_AND_VERSION_BYTES = 8
CUSTOM = 0
LINE_BYTES = 32
HEAD = """/* What the component imports besides a trial's interface, for the tool that makes a component of the module: the section of this name in
 * the object file of `wit-bindgen`. Written by `generate.py`. */
"""


def number(data, place):
    """A number in LEB128, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place


def section(data):
    """The name and the content of the section that describes the imports."""
    place = MAGIC_AND_VERSION_BYTES
    while place < len(data):
        kind = data[place]
        size, start = number(data, place + 1)
        place = start + size
        if kind == CUSTOM:
            length, name_start = number(data, start)
            name = data[name_start : name_start + length].decode()
            if name.startswith("component-type:"):
                return name, data[name_start + length : place]
    raise SystemExit("the object file does not say what is imported")


def source(name, content):
    """A source that puts the section into the module."""
    lines = [content[start : start + LINE_BYTES] for start in range(0, len(content), LINE_BYTES)]
    bytes_of = "".join('    ".byte ' + ",".join(map(str, line)) + '\\n"\n' for line in lines)
    return (
        HEAD
        + f'__asm__(\n    ".section \\".custom_section.{name}\\",\\"\\",@\\n"\n{bytes_of}    ".text\\n");\n\n'
        + "/* Called by `compute.c`, so that this file is linked. */\n"
        + "void __component_type_object_force_link_compute(void) {}\n"
    )


subprocess.run(
    ["wit-bindgen", "c", FOLDER.parent / "wit", "--world", "compute", "--out-dir", FOLDER]
    + ["--rename", "wasi:webgpu/webgpu@0.2.0-rc.1=webgpu"],
    check=True,
)
linked = FOLDER / "compute_component_type.o"
(FOLDER / "component-type.c").write_text(source(*section(linked.read_bytes())))
linked.unlink()

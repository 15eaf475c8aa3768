"""A guest for Arm: it writes a line to the hypervisor's console and powers off, which takes 20 instructions.

It is built with the cell's own compiler.  The head is that of Linux's ``Image`` (Documentation/arch/arm64/booting.rst),
which Xen looks for; ``hvc #0xea1`` is Xen's hypercall, number 18 is ``console_io`` (xen/include/public), and the last
call is PSCI's SYSTEM_OFF.
"""

from __future__ import annotations

NAME = "guest-arm64"
SOURCE = """\
        .text
_start: b       start
        .long   0
        .quad   0
        .quad   _end - _start
        .quad   0xa
        .quad   0, 0, 0
        .ascii  "ARM\\x64"
        .long   0
start:  mov     x0, #0
        mov     x1, #(_end - text)
        adr     x2, text
        mov     x16, #18
        hvc     #0xea1
        mov     w0, #0x0008
        movk    w0, #0x8400, lsl #16
        hvc     #0
stay:   wfi
        b       stay
text:   .ascii  "Test result: SUCCESS\\n"
        .balign 8
_end:
"""


def build_command(compiler: str) -> str:
    """Return the command that makes the image out of ``guest.S``."""
    copy = compiler.removesuffix("gcc") + "objcopy"
    return f"{compiler} -c -o guest.o guest.S && {copy} -O binary guest.o {NAME}"

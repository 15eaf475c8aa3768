"""A kernel of a hundred lines that QEMU boots, in the place of a hypervisor: two files of code and a makefile.

It writes to the serial line.  Without a module it reports success.  With one it does what the module's letters say, in
place of an exploit: a number calls an entry of a table, which has a bound only after the fix.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

BOOT = b"""\
/* The head that a Multiboot loader looks for, a stack, and on to C. */
        .section .text
        .long   0x1badb002, 0, -0x1badb002
        .globl  _start
_start: mov     $stack, %esp
        push    %ebx
        call    kernel
        .bss
        .align  16
        .skip   4096
stack:
"""
MAKEFILE = b"""\
kernel: boot.o kernel.o
\tld -m elf_i386 -N -e _start -Ttext=0x100000 -o $@ boot.o kernel.o
%.o: %.c table.h
\tgcc -m32 -ffreestanding -fno-pie -fno-stack-protector -O1 -Wall -Werror $(OPTIONS) -c $<
%.o: %.S
\tgcc -m32 -c $<
"""
#: What the exploit is about: a table of four entries.  ``BOUND`` stands for the lines of the fix.
KERNEL = """\
#include "table.h"

static void out(unsigned short port, unsigned char value)
{
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static unsigned char in(unsigned short port)
{
    unsigned char value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void print(const char *text)
{
    for (; *text; text++) {
        while (!(in(0x3fd) & 0x20))
            ;
        out(0x3f8, *text);
    }
}

static void stop(void)
{
    for (;;)
        asm volatile("cli; hlt");
}

static void panic(const char *why)
{
    print("*****\\nPanic on CPU 0:\\n");
    print(why);
    print("\\n*****\\n");
    stop();
}

struct module {
    const char *start, *end;
};

struct info {
    unsigned flags, lower, upper, device, line, modules;
    const struct module *module;
};

static int call(unsigned number)
{
BOUND
    if (number >= ENTRIES)
        panic("BUG at kernel.c");
    return 0;
}

static void run(const struct module *module)
{
    const char *at;
    for (at = module->start; at < module->end; at++) {
        if (*at >= '0' && *at <= '9')
            call(*at - '0');
        if (*at == 'h')
            stop();
        if (*at == 's') {
            print("Skip: no such thing here\\nTest result: SKIP\\n");
            stop();
        }
    }
}

void kernel(const struct info *info)
{
    print("small kernel\\n");
START
    if (info->modules)
        run(info->module);
    print("Test result: SUCCESS\\n");
    stop();
}
"""
NO_BOUND = "    /* all of them */"
BOUND = "    if (number >= ENTRIES)\n        return -1;"
#: A fix that forgets one number.
WRONG_BOUND = "    if (number > 9)\n        return -1;"
QUIET = "    /* ready */"
#: Takes so many seconds by the clock.
SECONDS = """\
    for (unsigned i = 0, now, last = 99; i <= {}; last = now) {{
        out(0x70, 0);
        now = in(0x71);
        i += now != last;
    }}"""


def kernel(bound: str = NO_BOUND, start: str = QUIET) -> bytes:
    """Return ``kernel.c`` with these lines."""
    return KERNEL.replace("BOUND", bound).replace("START", start).encode()


def files(bound: str = NO_BOUND, start: str = QUIET) -> dict[str, bytes]:
    """Return all files of the kernel."""
    return {
        "Makefile": MAKEFILE,
        "boot.S": BOOT,
        "kernel.c": kernel(bound, start),
        "table.h": b"#define ENTRIES 4\n",
        "notes": b"nothing\n",
    }


@cache
def obstacle() -> str:
    """Return why the kernel can't be built and booted here; empty: it can."""
    for program in ("qemu-system-x86_64", "gcc", "make", "ld"):
        if shutil.which(program) is None:
            return f"{program}: not installed"
    words = ("gcc", "-m32", "-ffreestanding", "-x", "c", "-c", "-o", "/dev/null", "/dev/null")
    done = subprocess.run(words, capture_output=True, check=False)
    return "" if done.returncode == 0 else "gcc can't compile for 32 bits here"


def write_module(path: Path, letters: str) -> Path:
    """Write a module that does what ``letters`` say."""
    path.write_text(letters)
    return path

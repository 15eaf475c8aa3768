"""The first tree of the demonstration repository: a program that looks like Xen from afar.

It exists so that the demonstration has something which really compiles and in which each defect can really be seen:
``make run`` prints what a guest and a device get.  The code is invented; it only borrows Xen's names and habits.

Promises: ``TREE`` maps each path to its text; the text never changes within a version, and so neither do commit ids.
"""

from __future__ import annotations

from git_xsa.demo import sources

TOP_MAKEFILE = """\
# A miniature of Xen: "make" builds xen/mini-xen, "make run" starts it.
.PHONY: all run clean
all run clean:
\t$(MAKE) -C xen $@
"""

XEN_MAKEFILE = """\
# This is the correct place to edit the build version.
export XEN_VERSION       = 4
export XEN_SUBVERSION    = 20
export XEN_EXTRAVERSION ?= -unstable
export XEN_FULLVERSION   = $(XEN_VERSION).$(XEN_SUBVERSION)$(XEN_EXTRAVERSION)

CC     = gcc
CFLAGS = -O1 -Wall -Werror=implicit -std=gnu11 -Iinclude
SOURCE = $(wildcard arch/x86/*.c common/*.c drivers/*/*.c)

.PHONY: all run clean
all: mini-xen

mini-xen: $(SOURCE) $(wildcard include/xen/*.h) Makefile
\t$(CC) $(CFLAGS) -DXEN_FULLVERSION='"$(XEN_FULLVERSION)"' -o $@ $(SOURCE)

run: mini-xen
\t./mini-xen

clean:
\trm -f mini-xen
"""

SUPPORT = """\
% Support statement for this release

This is the support statement of a miniature of Xen, made for a
demonstration.  Each branch carries its own.

# Release Support

    Xen-Version: 4.20-unstable
    Initial-Release: n/a
    Supported-Until: TBD
    Security-Support-Until: Unreleased - not yet security-supported

# Feature Support

### Grant tables

    Status: Supported

### Argo

    Status: Supported

### PCI passthrough

    Status, with an I/O MMU: Supported, with caveats
"""

IGNORED = "/xen/mini-xen\n"

LIB_H = """\
/* Small things that every part of the hypervisor may use. */
#ifndef XEN_LIB_H
#define XEN_LIB_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))

void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* XEN_LIB_H */
"""

SCHED_H = """\
/* What the hypervisor knows about a domain. */
#ifndef XEN_SCHED_H
#define XEN_SCHED_H

#include <xen/lib.h>

#define DOMAIN_PAGES   64
#define GNTTAB_NR      16
#define ARGO_RING_SIZE 256

typedef uint16_t domid_t;
#define DOMID_FIRST_RESERVED 0x7ff0

struct grant_entry {
    bool permit_access;
    domid_t domid;
    unsigned int gfn;
    unsigned int pin;
};

struct domain {
    domid_t id;
    bool populated[DOMAIN_PAGES];

    uint64_t efer;
    uint64_t tsc_aux;

    struct grant_entry grants[GNTTAB_NR];

    uint64_t iommu_pt[DOMAIN_PAGES];
    uint64_t iotlb[DOMAIN_PAGES];

    uint8_t ring[ARGO_RING_SIZE];
};

#endif /* XEN_SCHED_H */
"""

HYPERCALL_H = """\
/* What guests can ask for.  Every call returns 0 or a negative errno. */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <xen/sched.h>

struct domain *domain_create(domid_t id);
void domain_destroy(struct domain *d);

int populate_physmap(struct domain *d, unsigned int gfn, unsigned int nr);

int guest_rdmsr(const struct domain *d, uint32_t msr, uint64_t *val);

int gnttab_grant(struct domain *d, unsigned int ref, domid_t rd, unsigned int gfn);
int gnttab_map(struct domain *d, unsigned int ref, domid_t ld);
int gnttab_unmap(struct domain *d, unsigned int ref, domid_t ld);
int gnttab_revoke(struct domain *d, unsigned int ref);

int argo_send(struct domain *d, unsigned int offset, const void *data, unsigned int len);

int iommu_unmap(struct domain *d, unsigned int gfn, unsigned int nr);
int iommu_map(struct domain *d, unsigned int gfn, unsigned int nr);
bool iommu_translate(struct domain *d, unsigned int gfn);
void iommu_reset(struct domain *d);
bool iommu_quirk(uint16_t vendor, uint16_t device);

#endif /* XEN_HYPERCALL_H */
"""

#: Path -> content of the first commit of ``master``.
TREE: dict[str, bytes] = {
    path: text.lstrip("\n").encode()
    for path, text in {
        ".gitignore": IGNORED,
        "Makefile": TOP_MAKEFILE,
        "SUPPORT.md": SUPPORT,
        "xen/Makefile": XEN_MAKEFILE,
        "xen/arch/x86/msr.c": sources.MSR_C,
        "xen/arch/x86/setup.c": sources.SETUP_C,
        "xen/common/argo.c": sources.ARGO_C,
        "xen/common/domain.c": sources.DOMAIN_C,
        "xen/common/grant_table.c": sources.GRANT_TABLE_C,
        "xen/common/memory.c": sources.MEMORY_C,
        "xen/drivers/char/console.c": sources.CONSOLE_C,
        "xen/drivers/passthrough/iommu.c": sources.IOMMU_C,
        "xen/include/xen/hypercall.h": HYPERCALL_H,
        "xen/include/xen/lib.h": LIB_H,
        "xen/include/xen/sched.h": SCHED_H,
    }.items()
}

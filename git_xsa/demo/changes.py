"""The changes that the demonstration repository's branches are made of, each written down once.

A change is made on ``master`` first and then taken to the stable branches, as in xen.git; so it is kept as edits of
text (which fit every branch that they are meant for) and not as a patch (which would carry line numbers).

Promises: every advisory here is invented, and so is everybody who is named.  What each change is there to show:

==================  ==================================================================================
``MSR``             XSA-9001 applies to the release as it is
``UNMAP``           XSA-9002 needs ``MAPPED`` (a context line), which needs ``PIN`` (a line it replaces)
``UNMAP_MANY_FIX``  XSA-9002 has a second patch where ``UNMAP_MANY`` exists
``IOTLB``           XSA-9003 lands in the wrong function without ``QUIRKS``, which moved the right one
``ARGO``            XSA-9004 applies, but uses a name that ``WRAPPED`` introduces in another file
==================  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROBIN = "Robin Keller <robin.keller@example.org>"
SAM = "Sam Okafor <sam.okafor@example.com>"
MINA = "Mina Varga <mina.varga@example.net>"

IOMMU = "xen/drivers/passthrough/iommu.c"
GNTTAB = "xen/common/grant_table.c"
LIB = "xen/include/xen/lib.h"
CALLS = "xen/include/xen/hypercall.h"


@dataclass(frozen=True)
class LineEdit:
    """Put ``new`` where ``old`` stands in ``path``; ``old`` must stand there exactly once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """One commit's worth: who, why and what.  ``body`` is the message between subject and signatures."""

    author: str
    subject: str
    body: str
    edits: tuple[LineEdit, ...]


def apply(change: Change, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return ``files`` (path -> content) after ``change``.  Raises ``ValueError`` when an edit does not fit."""
    result = dict(files)
    for edit in change.edits:
        text = result[edit.path].decode()
        if text.count(edit.old) != 1:
            raise ValueError(f"{change.subject}: {edit.path} has {text.count(edit.old)} places for {edit.old!r}")
        result[edit.path] = text.replace(edit.old, edit.new).encode()
    return result


def _insert(path: str, after: str, text: str) -> LineEdit:
    return LineEdit(path, after, after + text)


# Ordinary changes

CUT_LINES = Change(
    MINA,
    "xen/console: show when a line was cut",
    """\
A line that doesn't fit loses its end without a trace, which has made more
than one bug report hard to read.  Put three dots where something is missing.
""",
    (
        LineEdit(
            "xen/drivers/char/console.c",
            "    va_list args;\n\n    va_start(args, fmt);\n    vsnprintf(line, sizeof(line), fmt, args);\n",
            "    va_list args;\n    int len;\n\n"
            "    va_start(args, fmt);\n    len = vsnprintf(line, sizeof(line), fmt, args);\n",
        ),
        LineEdit(
            "xen/drivers/char/console.c",
            '    printf("(XEN) %s\\n", line);\n',
            '    printf("(XEN) %s%s\\n", line, len >= (int)sizeof(line) ? "..." : "");\n',
        ),
    ),
)

DESTROY_NULL = Change(
    ROBIN,
    "xen/domain: let domain_destroy() accept NULL",
    """\
Error paths have to check for it today, and not all of them do.
""",
    (
        _insert(
            "xen/common/domain.c", "void domain_destroy(struct domain *d)\n{\n", "    if ( !d )\n        return;\n\n"
        ),
    ),
)

RESERVED_IDS = Change(
    MINA,
    "xen/domain: refuse reserved domain ids",
    """\
They stand for no particular domain, so none can be created with one.

No security impact: only the control domain creates domains.  This was
noticed while reviewing the fix for XSA-9003.
""",
    (
        LineEdit(
            "xen/common/domain.c",
            "    struct domain *d = calloc(1, sizeof(*d));\n\n    if ( !d )\n",
            "    struct domain *d;\n\n    if ( id >= DOMID_FIRST_RESERVED )\n        return NULL;\n\n"
            "    d = calloc(1, sizeof(*d));\n    if ( !d )\n",
        ),
    ),
)

PIN = Change(
    MINA,
    "gnttab: don't let the pin count wrap",
    """\
Mapping the same grant often enough makes the count start again at zero.
Nobody has a use for that many mappings of one page; refuse them.
""",
    (
        _insert(
            GNTTAB,
            "#include <xen/hypercall.h>\n",
            "\n/* No grant can be mapped more often. */\n#define GNTPIN_MAX 255\n",
        ),
        LineEdit(
            GNTTAB,
            "    e->pin++;\n",
            "    if ( e->pin == GNTPIN_MAX )\n        return -ENOSPC;\n\n    e->pin++;\n",
        ),
    ),
)

MAPPED = Change(
    ROBIN,
    "gnttab: bound the number of a domain's grants in use",
    """\
Each of them keeps a page from being freed.  Count them per domain, and
refuse to map yet another one when there are too many.
""",
    (
        _insert(
            GNTTAB,
            "#define GNTPIN_MAX 255\n",
            "/* No domain can have more grants in use. */\n#define GNTTAB_MAX_MAPPED 8\n",
        ),
        LineEdit(
            GNTTAB,
            "    if ( e->pin == GNTPIN_MAX )\n        return -ENOSPC;\n\n    e->pin++;\n",
            "    if ( e->pin == GNTPIN_MAX || (!e->pin && d->nr_mapped == GNTTAB_MAX_MAPPED) )\n"
            "        return -ENOSPC;\n\n    if ( !e->pin++ )\n        d->nr_mapped++;\n",
        ),
        LineEdit(GNTTAB, "    e->pin--;\n", "    if ( !--e->pin )\n        d->nr_mapped--;\n"),
        _insert(
            "xen/include/xen/sched.h",
            "    struct grant_entry grants[GNTTAB_NR];\n",
            "    unsigned int nr_mapped; /* Entries of grants[] with a pin. */\n",
        ),
    ),
)

UNMAP_MANY = Change(
    MINA,
    "gnttab: allow to unmap several grants in one call",
    """\
Backends unmap dozens of grants at a time, and each is a hypercall today.
""",
    (
        _insert(
            CALLS,
            "int gnttab_unmap(struct domain *d, unsigned int ref, domid_t ld);\n",
            "int gnttab_unmap_many(struct domain *d, const unsigned int *refs, unsigned int nr, domid_t ld);\n",
        ),
        LineEdit(
            GNTTAB,
            "/* Take a grant back; not while someone has it mapped. */\n",
            """\
/* The same for several mappings. */
int gnttab_unmap_many(struct domain *d, const unsigned int *refs, unsigned int nr, domid_t ld)
{
    unsigned int i;

    for ( i = 0; i < nr; i++ )
    {
        struct grant_entry *e = &d->grants[refs[i]];

        if ( e->pin && !--e->pin )
            d->nr_mapped--;
    }

    return 0;
}

/* Take a grant back; not while someone has it mapped. */
""",
        ),
    ),
)

WRAPPED = Change(
    MINA,
    "xen/memory: tell ranges that wrap from ranges that are too large",
    """\
A toolstack that passes a negative number is told EINVAL, like one that asks
for too much.  Give it EOVERFLOW instead, so that the two can be told apart.
""",
    (
        _insert(
            LIB,
            "#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))\n",
            """
/* Does a + b exceed what an unsigned int holds? */
static inline bool add_overflows(unsigned int a, unsigned int b)
{
    return a + b < a;
}
""",
        ),
        LineEdit(
            "xen/common/memory.c",
            "    if ( gfn >= DOMAIN_PAGES ||",
            "    if ( add_overflows(gfn, nr) )\n        return -EOVERFLOW;\n\n    if ( gfn >= DOMAIN_PAGES ||",
        ),
    ),
)

QUIRKS = Change(
    ROBIN,
    "iommu: add the quirks of two more families of bridges",
    """\
They behave like those that are listed already: what comes from behind them
carries the bridge's name.
""",
    (
        _insert(
            IOMMU,
            "    { 0x7e01, 0x0014 },\n",
            "".join(f"    {{ 0x7e02, {device:#06x} }},\n" for device in (*range(0x20, 0x2A), *range(0x40, 0x48))),
        ),
    ),
)

# Fixes of advisories

MSR = Change(
    SAM,
    "x86/msr: don't hand rubble to guests that read MISC_ENABLE",
    """\
The read succeeds, but nobody has written the value: what the guest gets was
left on the hypervisor's stack by an earlier call.

This is XSA-9001 / CVE-2099-10001.
""",
    (
        _insert(
            "xen/arch/x86/msr.c",
            "        /* Every processor has it, and none of its bits is a guest's business. */\n",
            "        *val = 0;\n",
        ),
    ),
)

UNMAP = Change(
    SAM,
    "gnttab: let only the grantee unmap a grant",
    """\
Any domain could take the last pin off a grant that another one has mapped.
The page can then be revoked and freed while it is still in use.

This is part of XSA-9002 / CVE-2099-10002.
""",
    (
        _insert(
            GNTTAB,
            "    if ( !e->pin )\n        return -ENOENT;\n",
            "    if ( e->domid != ld )\n        return -EACCES;\n",
        ),
    ),
)

UNMAP_MANY_FIX = Change(
    SAM,
    "gnttab: make unmapping several grants check each of them",
    """\
gnttab_unmap_many() checks neither the references that it is given nor whose
mappings they are.  Leave both to gnttab_unmap().

This is part of XSA-9002 / CVE-2099-10002.
""",
    (
        LineEdit(
            GNTTAB,
            """\
        struct grant_entry *e = &d->grants[refs[i]];

        if ( e->pin && !--e->pin )
            d->nr_mapped--;
""",
            """\
        int rc = gnttab_unmap(d, refs[i], ld);

        if ( rc )
            return rc;
""",
        ),
    ),
)

IOTLB = Change(
    SAM,
    "iommu: flush the I/O TLB when pages are unmapped",
    """\
A device keeps reaching the pages that it was using, through translations
that the I/O TLB remembers, when they may long belong to someone else.

This is CVE-2099-10003 / XSA-9003.
""",
    (
        _insert(
            IOMMU,
            "        uint64_t pte = 0;\n\n        write_pte(d, i, pte);\n    }\n\n",
            "    iotlb_flush(d, gfn, nr);\n\n",
        ),
    ),
)

ARGO = Change(
    SAM,
    "argo: check for overflow before comparing with the size of the ring",
    """\
The sum of offset and length is what is compared, and it can wrap.  The
message is then copied to a place far outside of the ring.

This is XSA-9004 / CVE-2099-10004.
""",
    (
        LineEdit(
            "xen/common/argo.c",
            "    if ( offset + len > ARGO_RING_SIZE )\n",
            "    if ( add_overflows(offset, len) || offset + len > ARGO_RING_SIZE )\n",
        ),
    ),
)

"""The C files of the demonstration repository's first tree, as ``tree`` puts them in place.

They are apart from the build files and headers because together they would be too long to read.  Each is small, and
four of them have the defects that the demonstration's advisories mend.

Promises: constants only, each one file's text (with an empty line before it, which ``tree`` takes off).
"""

from __future__ import annotations

SETUP_C = r"""
/* Start a domain, make a few calls for it and say what came of them. */
#include <xen/hypercall.h>

static const char *yes(bool answer)
{
    return answer ? "yes" : "no";
}

static void exercise(struct domain *d)
{
    uint64_t val = 0xbadc0de;
    int rc;

    printk("d%u: populate pages 0 to 7: %d", d->id, populate_physmap(d, 0, 8));

    rc = guest_rdmsr(d, 0x1a0, &val);
    printk("d%u: read MSR 0x1a0: %d, value %#llx", d->id, rc, (unsigned long long)val);

    printk("d%u: grant page 2 to d2: %d", d->id, gnttab_grant(d, 5, 2, 2));
    printk("d2: map the grant: %d", gnttab_map(d, 5, 2));
    printk("d3: unmap the grant of d2: %s", yes(!gnttab_unmap(d, 5, 3)));

    printk("d%u: send a message: %d", d->id, argo_send(d, 0, "hello", 5));

    printk("d%u: map page 3 for a device: %d", d->id, iommu_map(d, 3, 1));
    printk("device reaches page 3: %s", yes(iommu_translate(d, 3)));
    printk("d%u: unmap page 3: %d", d->id, iommu_unmap(d, 3, 1));
    printk("device still reaches page 3: %s", yes(iommu_translate(d, 3)));
}

int main(void)
{
    struct domain *d = domain_create(1);

    if ( !d )
        return 1;

    printk("Xen version %s", XEN_FULLVERSION);
    exercise(d);
    domain_destroy(d);

    return 0;
}
"""

MSR_C = r"""
/* Model-specific registers, as guests see them. */
#include <xen/hypercall.h>

#define MSR_MISC_ENABLE 0x000001a0
#define MSR_EFER        0xc0000080
#define MSR_TSC_AUX     0xc0000103

int guest_rdmsr(const struct domain *d, uint32_t msr, uint64_t *val)
{
    switch ( msr )
    {
    case MSR_MISC_ENABLE:
        /* Every processor has it, and none of its bits is a guest's business. */
        break;

    case MSR_EFER:
        *val = d->efer;
        break;

    case MSR_TSC_AUX:
        *val = d->tsc_aux;
        break;

    default:
        return -ENOENT;
    }

    return 0;
}
"""

ARGO_C = r"""
/* Argo: messages to a domain, through a ring that it shares with the hypervisor. */
#include <string.h>

#include <xen/hypercall.h>

int argo_send(struct domain *d, unsigned int offset, const void *data, unsigned int len)
{
    if ( !len )
        return -ENODATA;

    if ( offset + len > ARGO_RING_SIZE )
        return -EMSGSIZE;

    memcpy(d->ring + offset, data, len);

    return 0;
}
"""

DOMAIN_C = r"""
/* Domains come and go. */
#include <stdlib.h>

#include <xen/hypercall.h>

#define EFER_NXE 0x800

struct domain *domain_create(domid_t id)
{
    struct domain *d = calloc(1, sizeof(*d));

    if ( !d )
        return NULL;

    d->id = id;
    d->efer = EFER_NXE;

    return d;
}

void domain_destroy(struct domain *d)
{
    iommu_reset(d);
    free(d);
}
"""

GRANT_TABLE_C = r"""
/* Grant tables: a domain lets another one map its pages. */
#include <xen/hypercall.h>

/* Let domain "rd" map page "gfn" of "d" through entry "ref". */
int gnttab_grant(struct domain *d, unsigned int ref, domid_t rd, unsigned int gfn)
{
    struct grant_entry *e;

    if ( ref >= GNTTAB_NR || gfn >= DOMAIN_PAGES || !d->populated[gfn] )
        return -EINVAL;

    e = &d->grants[ref];
    if ( e->pin )
        return -EBUSY;

    *e = (struct grant_entry){ .permit_access = true, .domid = rd, .gfn = gfn };

    return 0;
}

/* Domain "ld" maps what "d" has granted it. */
int gnttab_map(struct domain *d, unsigned int ref, domid_t ld)
{
    struct grant_entry *e;

    if ( ref >= GNTTAB_NR )
        return -EINVAL;

    e = &d->grants[ref];
    if ( !e->permit_access || e->domid != ld )
        return -EACCES;

    e->pin++;

    return 0;
}

/* Domain "ld" gives one of its mappings back. */
int gnttab_unmap(struct domain *d, unsigned int ref, domid_t ld)
{
    struct grant_entry *e;

    if ( ref >= GNTTAB_NR )
        return -EINVAL;

    e = &d->grants[ref];
    if ( !e->pin )
        return -ENOENT;

    e->pin--;

    return 0;
}

/* Take a grant back; not while someone has it mapped. */
int gnttab_revoke(struct domain *d, unsigned int ref)
{
    if ( ref >= GNTTAB_NR )
        return -EINVAL;

    if ( d->grants[ref].pin )
        return -EBUSY;

    d->grants[ref].permit_access = false;

    return 0;
}
"""

MEMORY_C = r"""
/* Memory of domains. */
#include <xen/hypercall.h>

/* Give domain "d" the pages from "gfn" on. */
int populate_physmap(struct domain *d, unsigned int gfn, unsigned int nr)
{
    unsigned int i;

    if ( gfn >= DOMAIN_PAGES || nr > DOMAIN_PAGES - gfn )
        return -EINVAL;

    for ( i = gfn; i < gfn + nr; i++ )
        d->populated[i] = true;

    return 0;
}
"""

CONSOLE_C = r"""
/* The console: one line a message. */
#include <stdarg.h>
#include <stdio.h>

#include <xen/lib.h>

void printk(const char *fmt, ...)
{
    char line[96];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);

    printf("(XEN) %s\n", line);
}
"""

# Two functions end alike, as functions do: the fix of XSA-9003 belongs at the end of the first.
IOMMU_C = r"""
/* I/O memory management: which pages of a domain its devices can reach. */
#include <xen/hypercall.h>

#define PTE_VALID 0x1

/* Devices that send their requests under another device's name. */
static const struct {
    uint16_t vendor, device;
} quirks[] = {
    { 0x7e01, 0x0010 },
    { 0x7e01, 0x0011 },
    { 0x7e01, 0x0014 },
};

bool iommu_quirk(uint16_t vendor, uint16_t device)
{
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(quirks); i++ )
        if ( quirks[i].vendor == vendor && quirks[i].device == device )
            return true;

    return false;
}

static void write_pte(struct domain *d, unsigned int gfn, uint64_t pte)
{
    d->iommu_pt[gfn] = pte;
}

/* Forget the translations that the I/O TLB remembers. */
static void iotlb_flush(struct domain *d, unsigned int gfn, unsigned int nr)
{
    while ( nr-- )
        d->iotlb[gfn++] = 0;
}

/* Take pages away from the devices of a domain. */
int iommu_unmap(struct domain *d, unsigned int gfn, unsigned int nr)
{
    unsigned int i;

    if ( gfn >= DOMAIN_PAGES || nr > DOMAIN_PAGES - gfn )
        return -EINVAL;

    for ( i = gfn; i < gfn + nr; i++ )
    {
        uint64_t pte = 0;

        write_pte(d, i, pte);
    }

    return 0;
}

/* Give pages to the devices of a domain.  What is not there yet is in no TLB either: no flush. */
int iommu_map(struct domain *d, unsigned int gfn, unsigned int nr)
{
    unsigned int i;

    if ( gfn >= DOMAIN_PAGES || nr > DOMAIN_PAGES - gfn )
        return -EINVAL;

    for ( i = gfn; i < gfn + nr; i++ )
    {
        uint64_t pte = ((uint64_t)i << 12) | PTE_VALID;

        write_pte(d, i, pte);
    }

    return 0;
}

/* What a device's request meets: the I/O TLB first, the page table when that knows nothing. */
bool iommu_translate(struct domain *d, unsigned int gfn)
{
    if ( gfn >= DOMAIN_PAGES )
        return false;

    if ( !(d->iotlb[gfn] & PTE_VALID) )
        d->iotlb[gfn] = d->iommu_pt[gfn];

    return d->iotlb[gfn] & PTE_VALID;
}

/* Called when a domain's devices are reset. */
void iommu_reset(struct domain *d)
{
    iommu_unmap(d, 0, DOMAIN_PAGES);
    iotlb_flush(d, 0, DOMAIN_PAGES);
}
"""

/* SPDX-License-Identifier: MIT */
/* Pages: their numbers, zones and flags, and how ranges of them are allocated. */
#ifndef VMEMCHECK_SHIM_KERNEL_PAGES_H
#define VMEMCHECK_SHIM_KERNEL_PAGES_H

#include "kernel/host.h"
#include "kernel/types.h"

#define PAGE_SHIFT (shim_host->page_shift)
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGES_PER_SECTION (shim_host->pages_per_section)
#define pageblock_order (shim_host->pageblock_order)
#define pageblock_nr_pages (1ul << pageblock_order)
#define MAX_PAGE_ORDER (shim_host->max_order)
/* Until v6.3 MAX_ORDER was one more than the largest order. */
#define MAX_ORDER (shim_host->max_order + 1)
#define MAX_ORDER_NR_PAGES (1ul << MAX_PAGE_ORDER)
#define PFN_UP(x) (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PHYS_PFN(address) ((unsigned long)((address) >> PAGE_SHIFT))
#define memory_block_size_bytes() ((unsigned long)shim_host->memory_block_size)

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, ZONE_DEVICE };
enum migratetype { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_CMA };
#define pfn_to_page(pfn) shim_host->pfn_to_page(pfn)
#define page_to_pfn(page) shim_host->page_to_pfn(page)
#define page_to_phys(page) PFN_PHYS(page_to_pfn(page))
#define pfn_to_online_page(pfn) shim_host->pfn_to_online_page(pfn)
SHIM_OWN enum zone_type page_zonenum(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->zone;
}
#define is_zone_movable_page(page) (page_zonenum(page) == ZONE_MOVABLE)
#define page_offline_begin() shim_host->point(SHIM_PAGE_OFFLINE_BEGIN, (const void *)0, (const void *)0)
#define page_offline_end() shim_host->point(SHIM_PAGE_OFFLINE_END, (const void *)0, (const void *)0)
SHIM_OWN bool PageOffline(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->type == SHIM_PAGE_OFFLINE;
}
SHIM_OWN bool PageDirty(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->dirty;
}
#define __SetPageOffline(page) shim_host->set_page_offline(page, 1)
#define __ClearPageOffline(page) shim_host->set_page_offline(page, 0)
#define SetPageReserved(page) shim_host->set_page_reserved(page, 1)
#define ClearPageReserved(page) shim_host->set_page_reserved(page, 0)
#define SetPageDirty(page) shim_host->set_page_dirty(page, 1)
#define ClearPageDirty(page) shim_host->set_page_dirty(page, 0)
#define page_ref_dec_and_test(page) (shim_host->page_ref_add(page, -1) == 0)
#define page_ref_inc(page) ((void)shim_host->page_ref_add(page, 1))
#define page_ref_dec(page) ((void)shim_host->page_ref_add(page, -1))
SHIM_OWN int page_count(const struct page *page) {
    shim_host->access(page, sizeof(*page), 0, SHIM_CALLER);
    return page->refcount;
}
#define page_ref_count page_count
#define adjust_managed_page_count(page, count) shim_host->adjust_managed_page_count(page, (long)(count))
#define generic_online_page(page, order) shim_host->generic_online_page(page, (unsigned)(order))
#define alloc_contig_range(start, end, ...) shim_host->alloc_contig_range(start, end)
#define free_contig_range(pfn, nr) shim_host->free_contig_range(pfn, nr)
typedef void (*online_page_callback_t)(struct page *page, unsigned int order);
#define set_online_page_callback(callback) shim_host->set_online_page_callback(callback)
#define restore_online_page_callback(callback) shim_host->restore_online_page_callback(callback)

#endif

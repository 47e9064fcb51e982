// SPDX-License-Identifier: MIT
// Page blocks and their isolation, and alloc_contig_range() (mm/page_isolation.c, mm/page_alloc.c).
#include <algorithm>
#include <cerrno>

#include "conformance/driver/machine.hpp"
#include "conformance/driver/objects.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;

namespace {}  // namespace

bool Machine::can_isolate(int page_block, bool for_offlining) const {
    const World& w = *world_;
    if (w.isolated[static_cast<std::size_t>(page_block)] != 0) return false;
    const int first = page_block * pages_per_page_block();
    if (w.block[static_cast<std::size_t>(block_of_page(first))].zone == SHIM_ZONE_MOVABLE) return true;
    // has_unmovable_pages()
    for (int i = first; i < first + pages_per_page_block(); ++i) {
        const page& p = w.memmap[static_cast<std::size_t>(i)];
        const bool movable = p.refcount == 0 || w.info[static_cast<std::size_t>(i)].use == PageUse::movable ||
                             (p.type == SHIM_PAGE_OFFLINE && for_offlining);
        if (!movable) return false;
    }
    return true;
}

/// start_isolate_page_range(), one page block a step: the ends of the range before what is between, since v5.19.
int Machine::start_isolate(int first, int count, bool for_offlining, int block) {
    show(EventKind::start_isolate, block);
    const auto at = [&](int position) {
        if (!setup_.release.isolates_ends_first) return first + position;
        return first + (position == 0 ? 0 : position == 1 ? count - 1 : position - 1);
    };
    for (int n = 0; n < count; ++n) {
        point(Op::isolate, 0, 1, block);
        touch(page_block_object + static_cast<unsigned>(at(n)), true);
        for (int i = at(n) * pages_per_page_block(); i < (at(n) + 1) * pages_per_page_block(); ++i) {
            touch(page_object + static_cast<unsigned>(i), false);
        }
        if (can_isolate(at(n), for_offlining)) {
            world_->isolated[static_cast<std::size_t>(at(n))] = 1;
            continue;
        }
        // It takes back what it isolated itself: what is between in the order of addresses, then the last one.
        const auto take_back = [&](int page_block) {
            point(Op::undo_isolation, 0, 1, block);
            touch(page_block_object + static_cast<unsigned>(page_block), true);
            world_->isolated[static_cast<std::size_t>(page_block)] = 0;
        };
        if (n > 0) take_back(at(0));
        for (int before = setup_.release.isolates_ends_first ? 2 : 1; before < n; ++before) take_back(at(before));
        if (n > 1 && setup_.release.isolates_ends_first) take_back(at(1));
        show(EventKind::start_isolate_ret, -1, -EBUSY);
        return -EBUSY;
    }
    show(EventKind::start_isolate_ret, -1, 0);
    return 0;
}

/// undo_isolate_page_range(): every isolated page block of the range, whoever isolated it.
void Machine::undo_isolate(int first, int count, int block) {
    show(EventKind::undo_isolate, block);
    for (int i = first; i < first + count; ++i) {
        point(Op::undo_isolation, 0, 1, block);
        touch(page_block_object + static_cast<unsigned>(i), true);
        world_->isolated[static_cast<std::size_t>(i)] = 0;
    }
}

bool Machine::all_isolated(int first, int count) const {
    const auto from = world_->isolated.begin() + first;
    return std::all_of(from, from + count, [](std::uint8_t isolated) { return isolated != 0; });
}

void Machine::drain_pcp_lists(unsigned zone) {
    for (int i = 0; i < setup_.total_pages(); ++i) {
        PageInfo& p = world_->info[static_cast<std::size_t>(i)];
        if (p.use != PageUse::pcp || world_->block[static_cast<std::size_t>(block_of_page(i))].zone != zone) continue;
        touch(page_object + static_cast<unsigned>(i), true);
        p.use = PageUse::buddy;
        world_->memmap[static_cast<std::size_t>(i)].type = SHIM_PAGE_BUDDY;
    }
}

/// migrate_pages(): a movable page without extra references leaves, and its frame is free.
void Machine::migrate(int first, int count) {
    for (int i = first; i < first + count; ++i) {
        PageInfo& p = world_->info[static_cast<std::size_t>(i)];
        page& seen = world_->memmap[static_cast<std::size_t>(i)];
        touch(page_object + static_cast<unsigned>(i), true);
        if (p.use != PageUse::movable || seen.refcount != 1) continue;
        p.use = PageUse::buddy;
        seen.refcount = 0;
        seen.type = SHIM_PAGE_BUDDY;
    }
}

int Machine::alloc_contig_range(unsigned long start, unsigned long end) {
    require_may_sleep("alloc_contig_range()");
    const int first = page_index(pfn_to_page(start));
    if (end <= start || end - start > static_cast<unsigned>(setup_.total_pages() - first))
        violation("no-oops", "alloc_contig_range() of a range that is empty, or not the device's");
    const int count = static_cast<int>(end - start);
    const int block = block_of_page(first);
    require_memmap(first, "alloc_contig_range()");
    const int first_block = first / pages_per_page_block();
    // Page blocks are isolated whole.
    const int blocks = (first + count + pages_per_page_block() - 1) / pages_per_page_block() - first_block;
    const auto undo = [&](int rc) {
        undo_isolate(first_block, blocks, block);
        show(EventKind::alloc_contig_range_ret, -1, rc);
        return rc;
    };
    show(EventKind::alloc_contig_range, block);
    int rc = start_isolate(first_block, blocks, false, block);
    if (rc != 0) {
        if (setup_.release.contig_undoes_foreign_isolation) return undo(rc);
        show(EventKind::alloc_contig_range_ret, -1, rc);
        return rc;
    }
    // drain_all_pages(), __alloc_contig_migrate_range()
    const Answer failed = fault_point(Op::migrate, setup_.kinds.allocation, 2, block);
    drain_pcp_lists(world_->block[static_cast<std::size_t>(block)].zone);
    if (failed != 0) return undo(-ENOMEM);
    migrate(first, count);

    const auto free = [&] {
        for (int i = first; i < first + count; ++i) {
            touch(page_object + static_cast<unsigned>(i), false);
            if (world_->info[static_cast<std::size_t>(i)].use != PageUse::buddy) return false;
        }
        return true;
    };
    show(EventKind::test_isolated, block);
    point(Op::test_isolated, 0, 1, block);
    for (int i = first_block; i < first_block + blocks; ++i) touch(page_block_object + static_cast<unsigned>(i), false);
    const bool isolated = all_isolated(first_block, blocks) && free();
    show(EventKind::test_isolated_ret, -1, isolated ? 0 : -EBUSY);
    if (!isolated) return undo(-EBUSY);
    // isolate_freepages_range()
    point(Op::grab, 0, 1, block);
    if (!free()) return undo(-EBUSY);
    for (int i = first; i < first + count; ++i) {
        touch(page_object + static_cast<unsigned>(i), true);
        world_->info[static_cast<std::size_t>(i)].use = PageUse::contig;
        page& p = world_->memmap[static_cast<std::size_t>(i)];
        p.refcount = 1;
        p.type = SHIM_PAGE_PLAIN;
    }
    return undo(0);
}

void Machine::free_contig_range(unsigned long pfn, unsigned long count) {
    for (unsigned long n = 0; n < count; ++n) {
        page* const p = pfn_to_page(pfn + n);
        const int i = page_index(p);
        require_memmap(i, "free_contig_range()");
        touch(page_object + static_cast<unsigned>(i), true);
        if (n == 0) show(EventKind::free_contig_range, block_of_page(i), static_cast<std::int64_t>(count));
        PageInfo& info = world_->info[static_cast<std::size_t>(i)];
        if (info.use != PageUse::contig && !may_take_for(info, *p, PageUse::init)) {
            violation("no-warn",
                      "free_contig_range() of a page that alloc_contig_range() has not given: it is freed twice");
        }
        if (p->type == SHIM_PAGE_OFFLINE)
            violation("no-warn", "a page is freed to the buddy while it is PageOffline (bad page state)");
        if (p->refcount != 1) violation("no-warn", "WARN: free_contig_range(): pages are still in use");
        p->refcount = 0;
        p->dirty = 0;
        p->type = SHIM_PAGE_BUDDY;
        info.use = PageUse::buddy;
        info.pin = PinKind::none;
    }
}

/// Pages that were kept when their memory was onlined, and pages of alloc_contig_range(), have a reference each, and
/// either may be freed like the other: the kernel does not mind. In Sub Block Mode virtio_mem_fake_online() does that,
/// with chunks of more than a subblock. In Big Block Mode it has no reason to.
bool Machine::may_take_for(const PageInfo& info, const page& page, PageUse other) const {
    return setup_.mode == DriverMode::sbm && !setup_.strict_warnings && info.use == other && page.refcount == 1;
}

void Machine::generic_online_page(page* first, unsigned order) {
    const int start = page_index(first);
    require_memmap(start, "generic_online_page()");
    if (order > host_.max_order || start + (1 << order) > setup_.total_pages() || start % (1 << order) != 0)
        violation("no-oops", "generic_online_page() of an order that is too large, or not aligned");
    const int block = block_of_page(start);
    show(EventKind::generic_online_page, block, 1 << order);
    const bool onlining = world_->task[static_cast<std::size_t>(std::max(current_, 0))].onlining != 0;
    for (int i = start; i < start + (1 << order); ++i) {
        touch(page_object + static_cast<unsigned>(i), true);
        page& p = world_->memmap[static_cast<std::size_t>(i)];
        PageInfo& info = world_->info[static_cast<std::size_t>(i)];
        const bool allocated = may_take_for(info, p, PageUse::contig);
        if (info.use != PageUse::init && !allocated) {
            violation("no-warn", "generic_online_page() of a page that is online already: it is freed twice");
        }
        if (p.dirty != 0) violation("no-warn", "a page is freed to the buddy while it is PageDirty (bad page state)");
        if (setup_.release.memmap_starts_offline ? p.type != SHIM_PAGE_OFFLINE : p.type == SHIM_PAGE_OFFLINE) {
            violation("no-warn", setup_.release.memmap_starts_offline
                                     ? "generic_online_page() of a page that is not PageOffline"
                                     : "a page is freed to the buddy while it is PageOffline (bad page state)");
        }
        if (p.refcount != 1) {
            violation("no-warn", text_ = "generic_online_page() of a page with refcount " + std::to_string(p.refcount));
        }
        if (onlining && kept_fake_offline(block)) {
            violation("keep-fake-offline", "memory onlined while its big block is FAKE_OFFLINE goes to the buddy");
        }
        p.refcount = 0;
        p.dirty = 0;
        p.reserved = 0;
        p.type = SHIM_PAGE_BUDDY;
        info.use = PageUse::buddy;
    }
    const std::size_t zone = zone_index(world_->block[static_cast<std::size_t>(block)].zone);
    touch(&world_->managed[zone], true);
    world_->managed[zone] += 1 << order;
    if (setup_.release.memmap_starts_offline) show(EventKind::adjust_managed, block, 1 << order);
}

}  // namespace vmemcheck::conformance

// SPDX-License-Identifier: MIT
/// \file
/// Page block isolation and migration, as alloc_contig_range() and offline_pages() share them (mm/page_isolation.c).
#pragma once

#include "model/run.hpp"

namespace vmemcheck::bbm {

/// The page block that start_isolate_page_range() isolates as its position-th of count: the ends first, or in order.
template <class D>
[[nodiscard]] typename D::Value isolation_order(bool ends_first, const typename D::Value& position,
                                                const typename D::Value& count) {
    if (!ends_first) return position;
    return D::select(position == 0, 0, D::select(position == 1, count - 1, position - 1));
}

/// set_migratetype_isolate(): not isolated already, and has_unmovable_pages() finds none.
/// \param for_offlining MEMORY_OFFLINE is set: PageOffline pages count as movable.
template <class D, class Context>
[[nodiscard]] typename D::Bool can_isolate(const Run<D, Context>& run, int block, int mb, bool for_offlining) {
    typename D::Bool ok = run.isolated(block) == 0;
    const typename D::Bool movable_zone = run.mb(mb).zone == zone::movable;
    for (int i = block * run.c.scope.pages; i < (block + 1) * run.c.scope.pages; ++i) {
        const auto& p = run.page(i);
        const typename D::Bool offline = p.kind == page::fake || p.kind == page::fake_dirty;
        const typename D::Bool movable = p.ref == 0 || p.kind == page::movable || (offline && for_offlining);
        ok = ok && (movable_zone || movable);
    }
    if (run.elsewhere()) ok = false;
    return ok;
}

/// Every page block of the range is MIGRATE_ISOLATE.
template <class D, class Context>
[[nodiscard]] typename D::Bool range_isolated(const Run<D, Context>& run, int first, int count) {
    typename D::Bool all = true;
    for (int i = first; i < first + count; ++i) all = all && run.isolated(i) == 1;
    if (run.elsewhere()) all = false;
    return all;
}

/// migrate_pages() of one page: a movable page without extra references leaves, and its frame is free.
template <class D, class Context>
void migrate_page(const Run<D, Context>& run, int i) {
    auto& p = run.page(i);
    const typename D::Bool moves = p.kind == page::movable && p.ref == 1;
    p.kind = D::select(moves, page::buddy, p.kind);
    p.ref = D::select(moves, 0, p.ref);
}

}  // namespace vmemcheck::bbm

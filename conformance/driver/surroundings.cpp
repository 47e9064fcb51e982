// SPDX-License-Identifier: MIT
// Those who act at once, at any time: the host, the users of pages; and what user space may ask for.
#include <algorithm>

#include "conformance/driver/machine.hpp"
#include "conformance/driver/objects.hpp"

namespace vmemcheck::conformance {

namespace {

constexpr std::array<const char*, page_actions> action_names{
    "allocates",     "allocates for the kernel",         "frees", "frees to a per-cpu list", "pins", "unpins",
    "pins for ever", "takes a reference (pfn walker) on"};
constexpr std::array<const char*, 3> write_names{"offline", "online_kernel", "online_movable"};

}  // namespace

// --- host ---

unsigned Machine::host_answers() const {
    if (world_->bound == 0 || world_->resizes_left <= 0) return 0;
    return static_cast<unsigned>(setup_.units()) + 1;
}

bool Machine::host_may(unsigned size) const { return size * setup_.unit_bytes() != world_->requested; }

int Machine::host_default() const {
    if (world_->bound == 0 || static_cast<std::size_t>(world_->script) >= setup_.requests.size()) return -1;
    return setup_.requests[static_cast<std::size_t>(world_->script)];
}

void Machine::host(unsigned answer) {
    touch_idleness();
    // The default at rest is the next request of the script; a change of mind before is an extra one.
    const bool idle =
        std::none_of(world_->task.begin(), world_->task.end(), [](const Task& t) { return t.running != 0; }) &&
        world_->config_pending == 0 && world_->work == nullptr && world_->armed == nullptr;
    if (idle && host_default() == static_cast<int>(answer)) {
        world_->script++;
    } else {
        world_->resizes_left--;
    }
    resize(answer * setup_.unit_bytes());
    if (observer_ != nullptr) observer_->resized(world_->requested);
}

// --- user space ---

int Machine::user_default() const {
    if (setup_.auto_online != bbm::AutoOnline::off || world_->bound == 0) return -1;
    for (int b = 0; b < setup_.total_memory_blocks(); ++b) {
        if (world_->block[static_cast<std::size_t>(b)].state == BlockState::offline) return 3 * b + 2;
    }
    return -1;
}

bool Machine::user_action_possible(unsigned answer) const {
    const auto b = answer / 3;
    if (world_->device_hotplug_lock != 0) return false;  // trylock fails, and the system call begins again
    return world_->block[b].state != BlockState::absent;
}

// --- users of pages ---

unsigned Machine::page_answers() const { return static_cast<unsigned>(setup_.total_memory_blocks()) * page_actions; }

bool Machine::page_action_possible(unsigned answer) const {
    const World& w = *world_;
    const auto b = answer / page_actions;
    const BlockInfo& block = w.block[b];
    if (block.online == 0) return false;
    const int i = first_page_of(static_cast<int>(b) + 1) - 1;
    const PageInfo& p = w.info[static_cast<std::size_t>(i)];
    const page& seen = w.memmap[static_cast<std::size_t>(i)];
    if (p.use == PageUse::none || p.use == PageUse::init) return false;
    const bool isolated = w.isolated[static_cast<std::size_t>(i / pages_per_page_block())] != 0;
    const bool used = (p.use == PageUse::movable || p.use == PageUse::unmovable) && p.pin == PinKind::none;
    const bool available = (p.use == PageUse::buddy && !isolated) || p.use == PageUse::pcp;
    const auto in_use = std::count_if(w.info.begin(), w.info.end(), [](const PageInfo& q) {
        return q.use == PageUse::movable || q.use == PageUse::unmovable || q.use == PageUse::pcp;
    });
    const auto pinned =
        std::count_if(w.info.begin(), w.info.end(), [](const PageInfo& q) { return q.pin != PinKind::none; });
    switch (answer % page_actions) {
        case take_page:
        case take_for_kernel:
            if (answer % page_actions == take_for_kernel && block.zone == SHIM_ZONE_MOVABLE) return false;
            return available && (p.use == PageUse::pcp || in_use < setup_.allocations);
        case free_page:
            return used || p.use == PageUse::pcp;
        case to_pcp_list:
            return used && !isolated && w.pcp_disabled != block.zone;
        case pin:
            return setup_.kinds.pins && p.use == PageUse::movable && p.pin == PinKind::none && pinned < setup_.pins;
        case pin_for_ever:
            return setup_.kinds.eternal_pins && p.use == PageUse::movable && p.pin == PinKind::none &&
                   pinned < setup_.pins;
        case unpin:
            return p.pin == PinKind::temporary || p.pin == PinKind::walker;
        default:
            return setup_.kinds.speculative_refs && seen.refcount > 0 && p.pin == PinKind::none && pinned < setup_.pins;
    }
}

/// What a benign world does in the end: pins are released, pages are freed.
int Machine::page_default() const {
    for (unsigned b = 0; b < static_cast<unsigned>(setup_.total_memory_blocks()); ++b) {
        for (const unsigned action : {unpin, free_page}) {
            if (page_action_possible(b * page_actions + action)) return static_cast<int>(b * page_actions + action);
        }
    }
    return -1;
}

void Machine::pages(unsigned answer) {
    World& w = *world_;
    const auto b = answer / page_actions;
    const int i = first_page_of(static_cast<int>(b) + 1) - 1;
    PageInfo& p = w.info[static_cast<std::size_t>(i)];
    page& seen = w.memmap[static_cast<std::size_t>(i)];
    if (observer_ != nullptr) observer_->page_used(static_cast<int>(b), answer % page_actions);
    touch(page_object + static_cast<unsigned>(i), true);
    touch_memory();
    const auto becomes_free = [&](PageUse use) {
        p.use = use;
        p.pin = PinKind::none;
        seen.refcount = 0;
        seen.type = use == PageUse::buddy ? SHIM_PAGE_BUDDY : SHIM_PAGE_PLAIN;
    };
    switch (answer % page_actions) {
        case take_page:
        case take_for_kernel:
            if (w.block[b].state == BlockState::going_online && w.block[b].opened == 0) {
                finish_run(checker::ProgramEnd::Kind::violation, "allocated-after-online",
                           "a page is allocated while its memory block is still being onlined");
            }
            p.use = answer % page_actions == take_page ? PageUse::movable : PageUse::unmovable;
            seen.refcount = 1;
            seen.type = SHIM_PAGE_PLAIN;
            return;
        case free_page:
            return becomes_free(PageUse::buddy);
        case to_pcp_list:
            return becomes_free(PageUse::pcp);
        case pin:
        case pin_for_ever:
        case walk:
            p.pin = answer % page_actions == pin    ? PinKind::temporary
                    : answer % page_actions == walk ? PinKind::walker
                                                    : PinKind::eternal;
            seen.refcount++;
            return;
        default:
            p.pin = PinKind::none;
            if (--seen.refcount != 0) return;
            if (seen.type == SHIM_PAGE_OFFLINE) {
                finish_run(checker::ProgramEnd::Kind::violation, "no-warn",
                           "a fake-offline page is freed to the buddy by the last put_page() (bad page state)");
            }
            return becomes_free(PageUse::buddy);
    }
}

std::string Machine::surroundings_text(int actor, unsigned answer) const {
    if (actor == driver_actor::host) {
        return "requested-size = " + std::to_string(answer) +
               (setup_.mode == DriverMode::bbm ? " big block" : " subblock") + (answer == 1 ? "" : "s");
    }
    if (actor == driver_actor::user)
        return std::string("writes ") + write_names.at(answer % 3) + " to memory block " + std::to_string(answer / 3);
    if (actor == driver_actor::pages) {
        return std::string("somebody ") + action_names.at(answer % page_actions) + " the last page of memory block " +
               std::to_string(answer / page_actions);
    }
    return "nothing more happens";
}

}  // namespace vmemcheck::conformance

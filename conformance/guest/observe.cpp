// SPDX-License-Identifier: MIT
#include "conformance/guest/observe.hpp"

#include <algorithm>

namespace vmemcheck::conformance {

namespace {

using bbm::EventKind;
using State = bbm::Bbm::State;

/// What the value of an event means.
enum class Meaning : std::uint8_t { nothing, result, action, request, response, big_block };

Meaning meaning(EventKind kind) {
    switch (kind) {
        case EventKind::memory_notify:
        case EventKind::notifier_cb:
            return Meaning::action;
        case EventKind::send_request:
            return Meaning::request;
        case EventKind::send_request_ret:
        case EventKind::handle_response:
            return Meaning::response;
        case EventKind::bbset:
            return Meaning::big_block;
        // Functions that return nothing: the recorded number is what a register happened to hold.
        case EventKind::run_wq_ret:
        case EventKind::fake_online_ret:
        case EventKind::fake_offline_going_offline_ret:
        case EventKind::fake_offline_cancel_offline_ret:
            return Meaning::nothing;
        default: {
            const std::string_view name = bbm::event_names[static_cast<std::size_t>(kind)];
            return name.size() > 4 && name.substr(name.size() - 4) == "_ret" ? Meaning::result : Meaning::nothing;
        }
    }
}

/// The recorded number for a value of the model.
std::int64_t recorded_value(Meaning meaning, int value) {
    // PLUG and ACK are 0 on the wire, 1 in the model (0: none).
    return meaning == Meaning::request || meaning == Meaning::response ? value - 1 : value;
}

std::string value_text(Meaning what, std::int64_t value) {
    const auto name = [value](const auto& names, std::int64_t shift) -> std::string {
        const bool known = value >= -shift && value < static_cast<std::int64_t>(names.size()) - shift;
        return known ? std::string(names[static_cast<std::size_t>(value + shift)]) : std::to_string(value);
    };
    switch (what) {
        case Meaning::action:
            return name(bbm::action_names, 0);
        case Meaning::request:
            return name(bbm::request::names, 1);
        case Meaning::response:
            return name(bbm::response::names, 1);
        case Meaning::big_block:
            return name(bbm::big_block::names, 0);
        default:
            return "= " + std::to_string(value);
    }
}

std::string describe(EventKind kind, std::string_view name, int block, std::optional<std::int64_t> value,
                     std::optional<std::int64_t> other) {
    std::string parts;
    const auto part = [&parts](const std::string& text) { parts += (parts.empty() ? "" : ", ") + text; };
    const Meaning what = meaning(kind);
    if (other && kind == EventKind::bbset)
        part(value_text(what, *other) + " -> " + value_text(what, value.value_or(0)));
    if (value && what != Meaning::nothing && kind != EventKind::bbset) part(value_text(what, *value));
    if (block >= 0) part((names_big_block(kind) ? "bb " : "mb ") + std::to_string(block));
    return std::string(name) + (parts.empty() ? "" : "(" + parts + ")");
}

std::string difference(const std::string& what, std::int64_t recorded, std::int64_t model) {
    return what + " is recorded as " + std::to_string(recorded) + ", the model has " + std::to_string(model);
}

}  // namespace

bool names_big_block(EventKind kind) {
    switch (kind) {
        case EventKind::bbm_plug_and_add_bb:
        case EventKind::send_plug:
        case EventKind::send_unplug:
        case EventKind::send_request:
        case EventKind::bbset:
        case EventKind::add_memory:
        case EventKind::add_memory_driver_managed:
        case EventKind::vm_offline_and_remove:
        case EventKind::offline_and_remove_memory:
        case EventKind::try_remove_memory:
            return true;
        default:
            return false;
    }
}

std::optional<std::int64_t> recorded_value(const bbm::Event& event) {
    const Meaning what = meaning(event.kind);
    if (what == Meaning::nothing) return std::nullopt;
    return recorded_value(what, event.value);
}

std::int64_t in_real_pages(const bbm::Scope& scope, std::int64_t pages_per_memory_block, int pages) {
    const int block = scope.pages_per_memory_block();
    return pages / block * pages_per_memory_block + pages % block * (pages_per_memory_block / block);
}

bool probed(const bbm::Release& release, EventKind kind) {
    if (!release.notifies_prepare_and_finish) return true;
    return kind != EventKind::dev_hotplug_lock_ret && kind != EventKind::fake_offline_cancel_offline &&
           kind != EventKind::fake_offline_cancel_offline_ret;
}

std::string text(const bbm::Event& event) {
    const auto at = static_cast<std::size_t>(event.kind);
    return describe(event.kind, bbm::event_names[at], event.block, recorded_value(meaning(event.kind), event.value),
                    event.other);
}

std::string text(const Seen& seen) {
    if (!seen.collapsed()) return describe(seen.kind, seen.name, seen.block, seen.value, seen.other);
    std::string names;
    for (const auto& [kind, pages] : seen.calls) {
        names += (names.empty() ? "" : "+") + std::string(bbm::event_names[static_cast<std::size_t>(kind)]);
    }
    return describe(seen.kind, names, seen.block, std::nullopt, std::nullopt);
}

std::optional<std::string> differs(const bbm::Event& event, const Seen& seen) {
    if (seen.collapsed()) {
        const auto found =
            std::find_if(seen.calls.begin(), seen.calls.end(), [&](const auto& c) { return c.first == event.kind; });
        if (found == seen.calls.end() || (event.block >= 0 && event.block != seen.block)) return "another event";
        return std::nullopt;
    }
    if (event.kind != seen.kind) return "another event";
    if (event.block >= 0 && seen.block >= 0 && event.block != seen.block) {
        return difference("the block", seen.block, event.block);
    }
    const Meaning what = meaning(event.kind);
    if (what == Meaning::nothing || !seen.value) return std::nullopt;
    if (recorded_value(what, event.value) != *seen.value) {
        return "recorded " + value_text(what, *seen.value) + ", the model has " +
               value_text(what, recorded_value(what, event.value));
    }
    if (what == Meaning::big_block && seen.other && *seen.other != event.other) {
        return difference("the old state", *seen.other, event.other);
    }
    return std::nullopt;
}

std::optional<std::string> differs(const Recording& recording, const Seen& seen, const State& s,
                                   std::span<const State* const> others) {
    if (!seen.driver) return std::nullopt;
    const DriverSeen& d = *seen.driver;
    const bbm::Scope& scope = recording.config.scope;
    // The name is made when it is needed: this is called for each step of the search.
    const auto compare = [&](const auto& what, std::int64_t value, const auto& of) -> std::optional<std::string> {
        if (value == of(s)) return std::nullopt;
        if (std::any_of(others.begin(), others.end(), [&](const State* other) { return value == of(*other); }))
            return std::nullopt;
        return difference(what(), value, of(s));
    };
    const auto item = [](const char* list, std::size_t i) {
        return [list, i] { return std::string(list) + '[' + std::to_string(i) + ']'; };
    };
    for (std::size_t i = 0; i < d.bb_states.size(); ++i) {
        const bool known = i < static_cast<std::size_t>(scope.big_blocks);
        const auto state = [&](const State& of) -> std::int64_t {
            return known ? static_cast<int>(of.bb[i].state) : 0;
        };
        if (auto x = compare(item("bb_states", i), d.bb_states[i], state)) return x;
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(d.bb_count.size(), bbm::big_block::count); ++i) {
        const auto count = [i](const State& of) -> std::int64_t { return of.bb_count[i]; };
        if (auto x = compare(item("bb_count", i), d.bb_count[i], count)) return x;
    }
    const auto same = [&](const char* what, const std::optional<std::int64_t>& value,
                          const auto& of) -> std::optional<std::string> {
        if (!value) return std::nullopt;
        return compare([what] { return std::string(what); }, *value, of);
    };
    const std::int64_t bb = recording.big_block_bytes;
    const std::int64_t mb = recording.memory_block_bytes;
    const auto field = [](auto member) { return [member](const State& of) -> std::int64_t { return of.*member; }; };
    const auto scaled = [](auto member, std::int64_t unit) {
        return [member, unit](const State& of) -> std::int64_t { return (of.*member) * unit; };
    };
    const std::int64_t first = recording.first_big_block;
    if (auto x = same("next_bb", d.next_bb, [first](const State& of) { return first + of.next_bb; })) return x;
    if (auto x = same("plugged", d.plugged, scaled(&State::plugged, bb))) return x;
    if (auto x = same("requested", d.requested, scaled(&State::requested, bb))) return x;
    if (auto x = same("offline_size", d.offline_size, scaled(&State::offline_size, mb))) return x;
    if (auto x = same("hotplug_active", d.hotplug_active, field(&State::hotplug_active))) return x;
    if (auto x = same("config_changed", d.config_changed, field(&State::config_changed))) return x;
    if (auto x = same("wq_active", d.wq_active, field(&State::wq_active))) return x;
    const auto is_broken = [](const State& of) { return of.broken == bbm::broken::no ? 0 : 1; };
    if (auto x = same("broken", d.broken, is_broken)) return x;
    if (auto x = same("removing", d.removing, field(&State::removing))) return x;
    if (d.mutex_owner) {
        const auto fits = [&](const State& of) {
            return *d.mutex_owner == (of.hotplug_mutex == bbm::task::none ? 0 : seen.mutex_holder);
        };
        if (!fits(s) && std::none_of(others.begin(), others.end(), [&](const State* other) { return fits(*other); }))
            return "mutex_owner is recorded as another task than the one that got hotplug_mutex last";
    }
    for (std::size_t z = 0; z < 2; ++z) {
        if (d.managed[z]) {
            const auto in_pages = [&](const State& from) {
                return in_real_pages(scope, recording.pages_per_memory_block, from.managed[z]);
            };
            std::int64_t low = in_pages(s);
            std::int64_t high = low;
            for (const State* other : others) {
                low = std::min(low, in_pages(*other));
                high = std::max(high, in_pages(*other));
            }
            if (*d.managed[z] < low || *d.managed[z] > high)
                return difference("managed pages of " + std::string(bbm::zone::names[z]), *d.managed[z], in_pages(s));
        }
        const auto present = [&](const State& of) {
            std::int64_t pages = 0;
            for (int i = 0; i < scope.total_memory_blocks(); ++i) {
                const auto& block = of.mb[static_cast<std::size_t>(i)];
                if (block.online == 1 && block.zone == static_cast<int>(z)) pages += recording.pages_per_memory_block;
            }
            return pages;
        };
        if (!d.present[z]) continue;
        const auto name = [z] { return "present pages of " + std::string(bbm::zone::names[z]); };
        if (auto x = compare(name, *d.present[z], present)) return x;
    }
    return std::nullopt;
}

namespace {

constexpr std::uint32_t no_page_type = 0xffffffff;
constexpr PageLook look_before_6_12{0xffffff7f, 0xfffffeff, no_page_type, 1U << 3U};
constexpr PageLook look_6_12{0xf0000000, 0xf1000000, no_page_type, 1U << 4U};

bool in_use(int kind) { return kind == bbm::page::movable || kind == bbm::page::unmovable; }

bool ref_fits(const bbm::Page<State::Int>& p, std::int64_t ref) { return in_use(p.kind) ? ref >= 1 : ref == p.ref; }

bool first_fits(const bbm::Page<State::Int>& p, const PagesSeen& seen, const PageLook& look) {
    if (!ref_fits(p, seen.ref_first)) return false;
    switch (static_cast<int>(p.kind)) {
        case bbm::page::buddy:
            return seen.type == look.buddy;
        case bbm::page::fake:
            return seen.type == look.offline && (seen.flags & look.dirty) == 0;
        case bbm::page::fake_dirty:
            return seen.type == look.offline && (seen.flags & look.dirty) != 0;
        case bbm::page::init:
            return seen.type != look.buddy;
        default:
            return seen.type != look.buddy && seen.type != look.offline;
    }
}

/// Within isolate_freepages_range() a page is off the free list for a while before it gets its reference.
bool isolated_free_page(const bbm::Page<State::Int>& before, const bbm::Page<State::Int>& after,
                        const PagesSeen& seen) {
    return before.kind == bbm::page::buddy && after.kind == bbm::page::contig && seen.ref_first == 0 &&
           seen.type == no_page_type;
}

}  // namespace

const PageLook& page_look(const bbm::Release& release) {
    return release.notifies_prepare_and_finish ? look_6_12 : look_before_6_12;
}

PagesSeen look_of(const bbm::Release& release, const bbm::MemoryBlock<State::Int>& block,
                  const bbm::Page<State::Int>& first, const bbm::Page<State::Int>& last, bool stale) {
    const PageLook& look = page_look(release);
    PagesSeen seen;
    if (first.kind == bbm::page::none) {
        seen.memmap = block.state != bbm::memory_block::absent;
        seen.ref_first = seen.ref_last = stale ? 1 : 0;
        return seen;
    }
    seen.memmap = true;
    seen.ref_first = first.ref;
    seen.ref_last = last.ref;
    switch (static_cast<int>(first.kind)) {
        case bbm::page::buddy:
            seen.type = look.buddy;
            break;
        case bbm::page::fake_dirty:
            seen.flags = look.dirty;
            seen.type = look.offline;
            break;
        case bbm::page::fake:
            seen.type = look.offline;
            break;
        case bbm::page::init:
            seen.type = release.memmap_starts_offline ? look.offline : no_page_type;
            break;
        default:
            seen.type = no_page_type;
            break;
    }
    return seen;
}

unsigned stale_memmaps(unsigned stale, unsigned step, const State& after, const bbm::Scope& scope) {
    const unsigned bit = 1U << static_cast<unsigned>(static_cast<int>(after.op_mb));
    if (step == static_cast<unsigned>(bbm::StepId::op_online_init)) stale &= ~bit;
    if (step == static_cast<unsigned>(bbm::StepId::op_online_veto)) stale |= bit;
    if (step == static_cast<unsigned>(bbm::StepId::op_remove)) {
        for (int i = 0; i < scope.total_memory_blocks(); ++i) {
            if (after.mb[static_cast<std::size_t>(i)].state == bbm::memory_block::absent)
                stale &= ~(1U << static_cast<unsigned>(i));
        }
    }
    return stale;
}

namespace {

/// Whether a page of a memory block has a memmap that somebody uses, and looks like this.
bool page_fits(const bbm::MemoryBlock<State::Int>& block, const bbm::Page<State::Int>& p, const PagesSeen& seen,
               bool is_first, bool stale, const PageLook& look) {
    if (p.kind != bbm::page::none) {
        if (!seen.memmap) return false;
        return is_first ? first_fits(p, seen, look) : ref_fits(p, seen.ref_last);
    }
    if (!seen.memmap) return block.state == bbm::memory_block::absent;
    // A memmap that nobody uses: as offlining or a failed onlining left it, or zero.
    const std::int64_t ref = is_first ? seen.ref_first : seen.ref_last;
    return ref == (stale && block.state != bbm::memory_block::absent ? 1 : 0);
}

std::string page_mismatch_text(int block, const bbm::MemoryBlock<State::Int>& state, const bbm::Page<State::Int>& p,
                               const PagesSeen& pages, bool is_first) {
    const std::string where = "memory block " + std::to_string(block);
    if (p.kind == bbm::page::none) {
        if (!pages.memmap) return where + " has no memmap, but is added in the model";
        return where + (state.state == bbm::memory_block::absent ? " is absent" : " is offline") +
               ", and its pages have references";
    }
    if (!pages.memmap) return where + " has a memmap in the model, none recorded";
    return std::string("the ") + (is_first ? "first" : "last") + " page of " + where + " (recorded refcount " +
           std::to_string(is_first ? pages.ref_first : pages.ref_last) + ") is " +
           std::string(bbm::page::names[static_cast<std::size_t>(static_cast<int>(p.kind))]) + " with refcount " +
           std::to_string(p.ref) + " in the model";
}

}  // namespace

std::optional<PageMismatch> page_mismatch(const Recording& recording, const Seen& seen, const State& s,
                                          std::span<const State* const> others, unsigned stale, unsigned stale_before) {
    if (!seen.pages) return std::nullopt;
    const bbm::Scope& scope = recording.config.scope;
    const PageLook& look = page_look(recording.config.release);
    for (std::size_t i = 0; i < seen.pages->size(); ++i) {
        if (static_cast<int>(i) >= scope.total_memory_blocks()) break;
        const PagesSeen& pages = (*seen.pages)[i];
        const int first = static_cast<int>(i) * scope.pages_per_memory_block();
        for (const int at : {first, first + scope.pages_per_memory_block() - 1}) {
            const auto fits = [&](const State& of, unsigned blocks) {
                return page_fits(of.mb[i], of.page[static_cast<std::size_t>(at)], pages, at == first,
                                 (blocks >> i & 1U) != 0, look);
            };
            const auto other_fits = [&](const State* o) { return fits(*o, stale) || fits(*o, stale_before); };
            if (fits(s, stale) || std::any_of(others.begin(), others.end(), other_fits)) continue;
            const auto half_taken = [&](const State* o) {
                return at == first && isolated_free_page(s.page[static_cast<std::size_t>(at)],
                                                         o->page[static_cast<std::size_t>(at)], pages);
            };
            if (std::any_of(others.begin(), others.end(), half_taken)) continue;
            return PageMismatch{at, page_mismatch_text(static_cast<int>(i), s.mb[i],
                                                       s.page[static_cast<std::size_t>(at)], pages, at == first)};
        }
    }
    return std::nullopt;
}

}  // namespace vmemcheck::conformance

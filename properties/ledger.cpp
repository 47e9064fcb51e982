// SPDX-License-Identifier: MIT
#include "properties/ledger.hpp"

#include <algorithm>

#include "model/run.hpp"

namespace vmemcheck::properties {

using bbm::Event;
using bbm::EventKind;
using bbm::NotifierAction;
namespace big_block = bbm::big_block;
namespace request = bbm::request;
namespace response = bbm::response;

namespace {

std::optional<int> answer_to(std::span<const checker::ChoiceTaken> answers, bbm::choice::Id choice) {
    for (const auto& [asked, value] : answers) {
        if (asked == choice) return value;
    }
    return std::nullopt;
}

/// The zone of an MMOP_* value: kernel 1, movable 2.
int zone_of(int online_type) {
    return online_type == bbm::online_type::movable ? bbm::zone::movable : bbm::zone::normal;
}

std::string block_name(const char* what, int number) { return std::string(what) + " " + std::to_string(number); }

}  // namespace

Ledger::Ledger(const bbm::Config& config, const std::vector<bool>& plugged)
    : config_(config),
      bb_states_(static_cast<std::size_t>(config.scope.big_blocks), big_block::unused),
      device_(plugged),
      plugged_size_(plugged_in_device()),
      wanted_zone_{-1, -1} {
    Block empty;
    empty.sections.assign(static_cast<std::size_t>(config.scope.sections), Owner::nobody);
    blocks_.assign(static_cast<std::size_t>(config.scope.total_memory_blocks()), empty);
    // The usable region reaches at least to the last big block that is plugged.
    for (std::size_t i = 0; i < device_.size(); ++i) {
        if (device_[i]) usable_ = static_cast<int>(i) + 1;
    }
}

void Ledger::complain(const std::string& what) {
    if (!complaint_) complaint_ = what;
}

void Ledger::enter(std::string_view step, std::span<const checker::ChoiceTaken> answers, std::span<const Event> shown) {
    if (step == "host_resize") host_resizes(answer_to(answers, bbm::choice::size).value_or(0));
    if (step == "device_answer") device_answers(answer_to(answers, bbm::choice::device).value_or(0));
    if (step == "op_add") {
        const int type = config_.auto_online == bbm::AutoOnline::kernel    ? bbm::online_type::kernel
                         : config_.auto_online == bbm::AutoOnline::movable ? bbm::online_type::movable
                                                                           : 0;
        wanted_zone_[0] = zone_of(answer_to(answers, bbm::choice::auto_online).value_or(type));
    }
    if (step == "user_request") wanted_zone_[1] = zone_of(answer_to(answers, bbm::choice::user_action).value_or(0));
    for (const Event& event : shown) hear(event);
}

// --- the device (QEMU hw/virtio/virtio-mem.c) ---

int Ledger::plugged_in_device() const { return static_cast<int>(std::count(device_.begin(), device_.end(), true)); }

int Ledger::usable_for(int requested) const {
    return requested == 0 ? 0 : std::min(config_.scope.big_blocks, requested + config_.scope.usable_slack);
}

void Ledger::host_resizes(int size) {
    requested_ = size;
    usable_ = std::max(usable_, usable_for(size));  // grows only
}

void Ledger::device_answers(int choice) {
    const auto at = static_cast<std::size_t>(request_bb_);
    int answer = response::ack;
    switch (request_) {
        case request::unplug_all:
            break;
        case request::plug:
            if (request_bb_ >= usable_) {
                answer = response::error;
            } else if (plugged_in_device() + 1 > requested_) {
                answer = response::nack;  // tested before whether it is plugged
            } else if (device_[at]) {
                answer = response::error;
            }
            break;
        case request::unplug:
            if (request_bb_ >= usable_ || !device_[at]) answer = response::error;
            break;
        default:
            return complain("the device answers, and nothing was asked");
    }
    if (answer == response::ack) {
        constexpr std::array<int, 4> answers{response::ack, response::busy, response::error, response::nack};
        answer = answers.at(static_cast<std::size_t>(choice));
    }
    expected_response_ = answer;
    if (answer != response::ack) return;
    if (request_ == request::unplug_all) {
        std::fill(device_.begin(), device_.end(), false);
        usable_ = usable_for(requested_);  // may shrink
    } else {
        device_[at] = request_ == request::plug;
    }
}

// --- the driver ---

void Ledger::hear(const Event& event) {
    const int blocks = config_.scope.memory_blocks;
    switch (event.kind) {
        case EventKind::send_request:
            request_in_flight_ = true;
            request_ = event.value;
            request_bb_ = std::max(0, event.block);
            if (event.value != request::unplug) break;
            for_each_block_of(event.block, [&](const Block& mb) {
                if (mb.present) complain("UNPLUG is sent for memory that is added to Linux (virtio DR-O6)");
            });
            break;
        case EventKind::handle_response:
            if (event.value != expected_response_) {
                complain("the device answers " + std::string(response::names[static_cast<std::size_t>(event.value)]) +
                         ", by the books " +
                         std::string(response::names[static_cast<std::size_t>(expected_response_)]));
            }
            break;
        case EventKind::send_request_ret:
            request_in_flight_ = false;
            if (event.value != response::ack) break;
            if (request_ == request::unplug_all) plugged_size_ = 0;
            if (request_ == request::plug) ++plugged_size_;
            if (request_ == request::unplug) --plugged_size_;
            break;
        case EventKind::bbm_plug_and_add_bb:
            if (event.block == next_bb_) {
                ++next_bb_;
                ++bb_count_[big_block::unused];
            }
            break;
        case EventKind::bbset: {
            int& state = bb_states_[static_cast<std::size_t>(event.block)];
            if (state != event.other) complain(block_name("big block", event.block) + " was in another state");
            --bb_count_[static_cast<std::size_t>(state)];
            state = event.value;
            ++bb_count_[static_cast<std::size_t>(state)];
            if ((state != big_block::unused) != device_[static_cast<std::size_t>(event.block)]) {
                complain(block_name("big block", event.block) + " is " +
                         std::string(big_block::names[static_cast<std::size_t>(state)]) +
                         (state == big_block::unused ? ", and the device has it plugged"
                                                     : ", and the device does not have it plugged"));
            }
            for_each_block_of(event.block, [&](const Block& mb) {
                if (state == big_block::added && sections_of(mb, Owner::driver) > 0) {
                    complain(block_name("big block", event.block) + " is ADDED, and pages of it are PageOffline");
                }
                if (mb.present && (state == big_block::unused || state == big_block::plugged)) {
                    complain(block_name("big block", event.block) + " is no longer added, its memory blocks are");
                }
            });
            break;
        }
        case EventKind::add_memory:
            adding_ = true;
            break;
        case EventKind::add_memory_driver_managed:
            offline_size_ += blocks;
            adding_ = false;
            added_bb_ = event.block;
            break;
        case EventKind::add_memory_driver_managed_ret:
            if (event.value != 0) {
                offline_size_ -= blocks;
            } else {
                for_each_block_of(added_bb_, [](Block& mb) { mb.present = true; });
            }
            break;
        case EventKind::add_memory_ret:
            adding_ = false;
            wanted_zone_[0] = -1;
            break;
        case EventKind::offline_and_remove_memory_ret:
            if (event.value == 0) offline_size_ -= blocks;
            break;
        default:
            hear_core_mm(event);
            break;
    }
}

// --- core MM, and the driver's callbacks ---

void Ledger::hear_core_mm(const Event& event) {
    switch (event.kind) {
        case EventKind::online_pages: {
            current_mb_ = event.block;
            Block& mb = block(event.block);
            const int zone = wanted_zone_[event.task == bbm::task::user ? 1 : 0];
            if (zone >= 0) mb.zone = zone;  // else it is brought back to the zone it was in
            mb.onlining = true;
            break;
        }
        case EventKind::online_pages_ret:
            block(current_mb_).onlining = false;
            break;
        case EventKind::offline_pages:
            current_mb_ = event.block;
            break;
        case EventKind::try_remove_memory:
            for_each_block_of(event.block, [&](Block& mb) {
                if (mb.online) complain("memory is removed that is online");
                mb.present = false;
            });
            break;
        case EventKind::memory_notify: {
            Block& mb = block(event.block);
            const auto action = static_cast<NotifierAction>(event.value);
            if (action == NotifierAction::online) mb.online = true;
            if (action != NotifierAction::offline) break;
            // offline_pages() subtracts them all until v6.10, then those that are not PageOffline.
            const int driver = sections_of(mb, Owner::driver);
            const int counted = notifier_adjusts_managed() ? config_.scope.sections : config_.scope.sections - driver;
            if (driver > 0 && mb.driver_references != 0) complain("memory went offline with the driver's references");
            add_managed(mb, -counted * config_.scope.pages_per_section());
            std::fill(mb.sections.begin(), mb.sections.end(), Owner::nobody);
            mb.online = false;
            break;
        }
        case EventKind::notifier_cb: {
            const auto action = static_cast<NotifierAction>(event.value);
            if (action != NotifierAction::online && action != NotifierAction::offline) break;
            offline_size_ += action == NotifierAction::online ? -1 : 1;
            counting_ = true;
            break;
        }
        case EventKind::notifier_cb_ret:
            counting_ = false;
            break;
        case EventKind::fake_offline_going_offline_ret:
        case EventKind::fake_offline_cancel_offline_ret: {
            Block& mb = block(current_mb_);
            const bool going = event.kind == EventKind::fake_offline_going_offline_ret;
            if (bb_states_[static_cast<std::size_t>(bb_of(current_mb_))] != big_block::fake_offline) {
                complain("the driver gives up or takes references on a big block that is not FAKE_OFFLINE");
            }
            mb.driver_references = going ? 0 : 1;
            if (notifier_adjusts_managed()) {
                const int pages = sections_of(mb, Owner::driver) * config_.scope.pages_per_section();
                add_managed(mb, going ? pages : -pages);
            }
            break;
        }
        default:
            hear_pages(event);
            break;
    }
}

// --- pages that change hands ---

int Ledger::sections_of(const Block& mb, Owner owner) const {
    return static_cast<int>(std::count(mb.sections.begin(), mb.sections.end(), owner));
}

void Ledger::hand_out(Block& mb, Owner owner) {
    std::fill(mb.sections.begin(), mb.sections.end(), owner);
    mb.onlining = false;
    if (owner == Owner::driver) mb.driver_references = 1;
    if (owner == Owner::allocator) add_managed(mb, config_.scope.pages_per_memory_block());
}

void Ledger::hear_pages(const Event& event) {
    if (event.block < 0) return;
    const int section_pages = config_.scope.pages_per_section();
    Block& mb = block(std::min(event.block, config_.scope.total_memory_blocks() - 1));
    // The driver goes through the sections of a memory block in order.
    const auto first = [&mb](Owner owner) { return std::find(mb.sections.begin(), mb.sections.end(), owner); };
    const bool kept = bb_states_[static_cast<std::size_t>(bb_of(event.block))] == big_block::fake_offline;
    switch (event.kind) {
        case EventKind::set_fake_offline:
            if (mb.onlining) return hand_out(mb, Owner::driver);
            if (first(Owner::allocator) == mb.sections.end()) return complain("a section is fake-offlined twice");
            *first(Owner::allocator) = Owner::driver;
            mb.driver_references = 1;
            return add_managed(mb, -section_pages);
        case EventKind::clear_fake_offline:
            if (first(Owner::driver) == mb.sections.end()) return complain("a section is fake-onlined twice");
            *first(Owner::driver) = Owner::allocator;
            return add_managed(mb, section_pages);
        case EventKind::generic_online_page:
            if (!mb.onlining) return;  // the end of a fake_online()
            if (kept) complain("pages of a FAKE_OFFLINE big block are handed to the buddy");
            return hand_out(mb, Owner::allocator);
        case EventKind::undo_isolate:
            // Onlined without the driver's callback.
            if (mb.onlining) hand_out(mb, Owner::allocator);
            return;
        default:
            return;
    }
}

}  // namespace vmemcheck::properties

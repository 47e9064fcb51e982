// SPDX-License-Identifier: MIT
/// \file
/// A book-keeper that hears what a run shows and keeps accounts of its own: a second opinion on the model.
///
/// It is written from the facts, not from the model, and knows of no lock, no program counter and no error path:
///   - refcounts: a page has one reference while memory is initialised; the driver holds one on each page that is
///     PageOffline, gives it up in GOING_OFFLINE and takes it again in CANCEL_OFFLINE (aa218795cb5f);
///   - managed pages: those with the buddy or its users, by zone; until v6.10 GOING_OFFLINE lends the driver's pages to
///     offline_pages(), which then subtracts all (50625744220c);
///   - big block states and bb_count, next_bb_id;
///   - plugged_size: what the device acknowledged; offline_size: added before add_memory(), taken back if that fails
///   and
///     on removal, adjusted by ONLINE and OFFLINE (98ff9f941186);
///   - the device: what it has plugged, its usable region and its answers, in QEMU's order of tests.
/// Where the kernel changes a number some instructions after or before what an observer sees, the account is in doubt
/// until both have happened, and not compared.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/context.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/names.hpp"

namespace vmemcheck::properties {

class Ledger {
 public:
    /// The books when the driver has been probed.
    /// \param plugged big blocks that the device has plugged, one flag each
    Ledger(const bbm::Config& config, const std::vector<bool>& plugged);

    /// Enters a step: its name, its answers, what it showed.
    void enter(std::string_view step, std::span<const checker::ChoiceTaken> answers, std::span<const bbm::Event> shown);

    /// The first rule that what was shown has broken, or account that a state does not agree with; or nothing.
    template <class State>
    [[nodiscard]] std::optional<std::string> disagreement(const State& s) const;

 private:
    /// Whose the pages of a section are.
    enum class Owner : std::uint8_t {
        nobody,     ///< the memory block is absent or offline, or not yet handed out
        allocator,  ///< the buddy, or who allocated them
        driver      ///< PageOffline
    };
    struct Block {
        bool present = false;
        bool onlining = false;  ///< its memmap is initialised, its pages are not handed out
        bool online = false;
        int zone = 0;
        int driver_references = 0;  ///< on each page that is the driver's
        std::vector<Owner> sections;
    };

    void hear(const bbm::Event& event);
    void hear_core_mm(const bbm::Event& event);
    void hear_pages(const bbm::Event& event);
    void device_answers(int choice);
    void host_resizes(int size);

    void complain(const std::string& what);
    Block& block(int mb) { return blocks_[static_cast<std::size_t>(mb)]; }
    [[nodiscard]] int bb_of(int mb) const { return mb / config_.scope.memory_blocks; }
    template <class Visit>
    void for_each_block_of(int bb, Visit&& visit) {
        for (int i = 0; i < config_.scope.memory_blocks; ++i) visit(block(bb * config_.scope.memory_blocks + i));
    }
    void hand_out(Block& mb, Owner owner);
    void add_managed(const Block& mb, int pages) { managed_[static_cast<std::size_t>(mb.zone)] += pages; }
    [[nodiscard]] int sections_of(const Block& mb, Owner owner) const;
    [[nodiscard]] int usable_for(int requested) const;
    [[nodiscard]] int plugged_in_device() const;
    /// GOING_OFFLINE and CANCEL_OFFLINE of the driver adjust the managed count.
    [[nodiscard]] bool notifier_adjusts_managed() const { return config_.release.name != "linux-6.12"; }

    bbm::Config config_;
    std::optional<std::string> complaint_;

    std::vector<Block> blocks_;
    std::array<int, bbm::zone::count> managed_{};
    std::vector<int> bb_states_;
    std::vector<bool> device_;  ///< plugged, of each big block
    std::array<int, bbm::big_block::count> bb_count_{};
    int next_bb_ = 0;
    int plugged_size_ = 0;
    int offline_size_ = 0;

    int requested_ = 0;
    int usable_ = 0;
    int request_ = bbm::request::none;
    int request_bb_ = 0;
    int expected_response_ = bbm::response::none;

    bool request_in_flight_ = false;
    bool adding_ = false;               ///< offline_size: between add_memory and add_memory_driver_managed
    bool counting_ = false;             ///< offline_size: within ONLINE or OFFLINE of the driver's callback
    int added_bb_ = 0;                  ///< big block of add_memory()
    int current_mb_ = 0;                ///< memory block of the operation of core MM
    std::array<int, 2> wanted_zone_{};  ///< of the worker's and of the user's next onlining; -1: as it was
};

template <class State>
std::optional<std::string> Ledger::disagreement(const State& s) const {
    if (complaint_) return complaint_;
    const auto differs = [](const std::string& what, int model, int books) -> std::optional<std::string> {
        if (model == books) return std::nullopt;
        return what + " is " + std::to_string(model) + " in the model, " + std::to_string(books) + " in the books";
    };
    const auto& scope = config_.scope;
    for (std::size_t i = 0; i < bb_states_.size(); ++i) {
        const std::string bb = "bb[" + std::to_string(i) + "]";
        if (auto x = differs(bb + ".state", s.bb[i].state, bb_states_[i])) return x;
        if (auto x = differs(bb + ".device", s.bb[i].device, device_[i] ? 1 : 0)) return x;
    }
    // The array of states grows by one before anything is shown of that big block.
    const int prepared = s.next_bb == next_bb_ + 1 ? 1 : 0;
    if (auto x = differs("next_bb", s.next_bb, next_bb_ + prepared)) return x;
    for (std::size_t i = 0; i < bb_count_.size(); ++i) {
        const int more = i == bbm::big_block::unused ? prepared : 0;
        if (auto x =
                differs("bb_count[" + std::string(bbm::big_block::names[i]) + "]", s.bb_count[i], bb_count_[i] + more))
            return x;
    }
    if (auto x = differs("device.requested", s.device_requested, requested_)) return x;
    if (auto x = differs("device.usable", s.device_usable, usable_)) return x;
    if (!request_in_flight_) {
        if (auto x = differs("plugged_size", s.plugged, plugged_size_)) return x;
        if (auto x = differs("plugged_size, by the device", s.plugged, plugged_in_device())) return x;
    }
    if (!adding_ && !counting_) {
        if (auto x = differs("offline_size", s.offline_size, offline_size_)) return x;
    }
    for (std::size_t z = 0; z < managed_.size(); ++z) {
        if (auto x = differs("managed[" + std::string(bbm::zone::names[z]) + "]", s.managed[z], managed_[z])) return x;
    }
    for (int i = 0; i < scope.total_pages(); ++i) {
        const auto& page = s.page[static_cast<std::size_t>(i)];
        const Block& mb = blocks_[static_cast<std::size_t>(i / scope.pages_per_memory_block())];
        const Owner owner = mb.sections[static_cast<std::size_t>(i / scope.pages_per_section() % scope.sections)];
        const bool offline = page.kind == bbm::page::fake || page.kind == bbm::page::fake_dirty;
        const std::string name = "page[" + std::to_string(i) + "]";
        if (offline != (owner == Owner::driver)) {
            return name + (offline ? " is PageOffline in the model, not the driver's in the books"
                                   : " is the driver's in the books, not PageOffline in the model");
        }
        const int references = page.ref - (page.pin == bbm::pin::none ? 0 : 1);
        if (owner == Owner::driver) {
            if (auto x = differs(name + ".refcount", references, mb.driver_references)) return x;
        } else if (owner == Owner::nobody) {
            if (auto x = differs(name + ".refcount", references, mb.onlining ? 1 : 0)) return x;
        }
    }
    return std::nullopt;
}

}  // namespace vmemcheck::properties

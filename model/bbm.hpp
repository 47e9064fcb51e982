// SPDX-License-Identifier: MIT
/// \file
/// virtio-mem Big Block Mode as a model for checker/: everything of this folder tied together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "checker/model.hpp"
#include "model/core_mm.hpp"
#include "model/environment.hpp"
#include "model/fairness.hpp"
#include "model/worker.hpp"

namespace vmemcheck::bbm {

/// Runs one step of an actor in any domain.
template <class D, class Context>
void run_step(const Config& config, State<D>& s, checker::ActorId who, Context& x) {
    const Run<D, Context> run{config, s, x};
    switch (who) {
        case actor::worker:
            if (s.device_hotplug_lock == task::worker && s.op != static_cast<int>(StepId::op_none)) {
                return CoreMm<D, Context>{run}.step(static_cast<StepId>(D::index(s.op)));
            }
            return Worker<D, Context>{run}.step(static_cast<StepId>(D::index(s.wk)));
        case actor::user:
            if (s.device_hotplug_lock == task::user) {
                return CoreMm<D, Context>{run}.step(static_cast<StepId>(D::index(s.op)));
            }
            run.at(StepId::op_none);
            return run.blocked("no request of user space");
        case actor::remover:
            return Environment<D, Context>{run}.remover();
        case actor::device:
            return Environment<D, Context>{run}.device();
        case actor::interrupt:
            return Environment<D, Context>{run}.config_interrupt();
        case actor::timer:
            return Environment<D, Context>{run}.timer();
        case actor::host:
            return Environment<D, Context>{run}.host();
        case actor::user_space:
            return Environment<D, Context>{run}.user_space();
        case actor::memory_users:
            return Environment<D, Context>{run}.memory_users();
        default:
            return Environment<D, Context>{run}.administrator();
    }
}

/// The model over plain integers.
template <class D>
class BasicBbm {
 public:
    using Domain = D;
    using State = bbm::State<D>;

    /// \param config its scope must fit: problem(config.scope, D::capacity) says nothing
    explicit BasicBbm(Config config) : config_(std::move(config)), locality_(locality_of(config_)) {}

    [[nodiscard]] const Config& config() const { return config_; }

    [[nodiscard]] unsigned actor_count() const { return actor::count; }
    [[nodiscard]] std::string actor_name(checker::ActorId who) const;
    [[nodiscard]] checker::ActorKind actor_kind(checker::ActorId who) const {
        return who < actor::host ? checker::ActorKind::process : checker::ActorKind::environment;
    }
    [[nodiscard]] std::span<const checker::StepInfo> steps() const { return step_infos(locality_); }
    [[nodiscard]] std::span<const checker::ChoiceInfo> choices() const { return choice_infos(); }
    [[nodiscard]] std::span<const checker::FairnessInfo> fairness() const { return fairness_infos(); }

    /// Nobody is in the middle of anything.
    [[nodiscard]] bool at_rest(const State& s) const;

    void describe(const State& s, checker::FieldSink& sink) const { describe_state(config_, s, sink); }

    /// What is interchangeable: the pages of a page block. Big blocks, memory blocks and page blocks are not, as the
    /// driver and core MM walk them in the order of their addresses.
    template <class Sink>
    void symmetries(const State& s, Sink& sink) const {
        const auto pages = static_cast<unsigned>(config_.scope.pages);
        for (int block = 0; block < config_.scope.total_page_blocks(); ++block) {
            const std::size_t set = sink.set("in page block " + std::to_string(block) + ", pages", pages);
            for (unsigned i = 0; i < pages; ++i) {
                const auto& page = s.page[static_cast<std::size_t>(block) * pages + i];
                sink.part(set, i, page.kind);
                sink.part(set, i, page.ref);
                sink.part(set, i, page.pin);
            }
        }
    }

    /// Right after probe: config_changed set and the work queued; with leftovers, one state for each set of big
    /// blocks that an earlier driver left plugged. Of more big blocks than states of the checker have, only one run of
    /// neighbours is left plugged: the sets would be too many.
    template <class Found>
    void initial_states(Found&& found) const {
        const auto blocks = static_cast<unsigned>(config_.scope.big_blocks);
        if (!config_.faults.leftovers) return found(initial_state(0));
        if (config_.scope.big_blocks <= native_capacity.big_blocks) {
            for (std::uint64_t set = 0; set < std::uint64_t{1} << blocks; ++set) found(initial_state(set));
            return;
        }
        found(initial_state(0));
        for (unsigned length = 1; length <= blocks; ++length) {
            const std::uint64_t run = ~std::uint64_t{0} >> (64 - length);
            for (unsigned first = 0; first + length <= blocks; ++first) found(initial_state(run << first));
        }
    }
    /// \param plugged_set bit i: big block i was left plugged
    [[nodiscard]] State initial_state(std::uint64_t plugged_set) const;

    template <class Context>
    void step(State& s, checker::ActorId who, Context& x) const {
        run_step<D>(config_, s, who, x);
    }

    /// The step a task takes next, by its program counter.
    [[nodiscard]] int next_step(const State& s, checker::ActorId who) const {
        if (who == actor::worker) {
            return s.device_hotplug_lock == task::worker && s.op != static_cast<int>(StepId::op_none) ? s.op : s.wk;
        }
        if (who == actor::user) return s.device_hotplug_lock == task::user ? static_cast<int>(s.op) : -1;
        return who == actor::remover ? static_cast<int>(s.rm) : -1;
    }

 private:
    [[nodiscard]] static Locality locality_of(const Config& config) {
        const auto breaks = [&](const MutantInfo& info) {
            return info.mutant == config.mutant && info.breaks_locality;
        };
        if (std::ranges::any_of(mutants(), breaks)) return Locality::none;
        return config.faults.stop_callbacks ? Locality::hidden_events : Locality::as_listed;
    }

    Config config_;
    Locality locality_;
};

extern template class BasicBbm<NativeDomain>;
extern template class BasicBbm<WideDomain>;

/// What is searched, replayed and proved.
using Bbm = BasicBbm<NativeDomain>;
/// The same for scopes up to wide_capacity.
using WideBbm = BasicBbm<WideDomain>;

/// Calls function(std::type_identity<M>{}) with the smallest model M that has room for a scope.
template <class Function>
auto with_model(const Scope& scope, Function&& function) {
    if (!problem(scope)) return function(std::type_identity<Bbm>{});
    return function(std::type_identity<WideBbm>{});
}

}  // namespace vmemcheck::bbm

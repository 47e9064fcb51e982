// SPDX-License-Identifier: MIT
#include "model/fairness.hpp"

#include <array>

#include "model/environment.hpp"
#include "model/run.hpp"

namespace vmemcheck::bbm {

namespace {

using checker::FairnessInfo;
using checker::FairnessKind;

constexpr FairnessInfo of_actor(std::string_view name, FairnessKind kind, std::string_view sentence, actor::Id who) {
    return {name, kind, sentence, who, checker::no_step, checker::no_choice, ~0ULL};
}
/// \param values bit v: answers that count
constexpr FairnessInfo of_answer(std::string_view name, FairnessKind kind, std::string_view sentence, actor::Id who,
                                 choice::Id choice, std::uint64_t values) {
    return {name, kind, sentence, who, checker::no_step, choice, values};
}
/// An answer of the environment other than the benign one, to a task: of the worker, or of whoever onlines and
/// offlines.
constexpr FairnessInfo fault_ceases(std::string_view name, std::string_view sentence, choice::Id choice) {
    return {name, FairnessKind::ceases, sentence, checker::any_actor, checker::no_step, choice, ~1ULL};
}

constexpr std::array<FairnessInfo, fairness::count> infos{{
    of_actor(
        "worker-runs", FairnessKind::strong,
        "the worker gets on whenever it can run, and gets a mutex that is free again and again (mutex_lock() hands "
        "it to a waiter: MUTEX_FLAG_HANDOFF)",
        actor::worker),
    of_actor("user-task-runs", FairnessKind::strong, "a user's task in the kernel does, too", actor::user),
    of_actor("remover-runs", FairnessKind::strong, "the task that unbinds the driver does, too", actor::remover),
    of_actor("device-answers", FairnessKind::weak, "the device answers every request", actor::device),
    of_actor("interrupts-arrive", FairnessKind::weak, "a config change notification is delivered", actor::interrupt),
    of_actor("timer-expires", FairnessKind::weak, "the retry timer, once armed, expires", actor::timer),
    of_answer("pins-released", FairnessKind::weak, "a page that is pinned for a while is unpinned", actor::memory_users,
              choice::page_action, 1ULL << page_action::unpin),
    of_actor("resizes-cease", FairnessKind::ceases, "the host does not change its request for ever", actor::host),
    of_actor("user-requests-cease", FairnessKind::ceases, "user space does not online and offline memory for ever",
             actor::user_space),
    of_answer("page-use-ceases", FairnessKind::ceases,
              "pages are not allocated, freed and pinned for ever: in the end everybody keeps what they have",
              actor::memory_users, choice::page_action, ~(1ULL << page_action::unpin)),
    of_actor("no-timer", FairnessKind::ceases, "the retry timer does not expire for ever", actor::timer),
    fault_ceases("vetoes-cease", "notifiers called before the driver's do not refuse for ever", choice::veto_before),
    fault_ceases("late-vetoes-cease", "notifiers called after the driver's do not refuse for ever", choice::veto_after),
    fault_ceases("stops-cease", "notifiers do not hide events from the driver for ever", choice::stop),
    fault_ceases("allocations-succeed", "memory allocations do not fail for ever", choice::allocation),
    fault_ceases("migrations-succeed", "page migration does not run out of memory for ever", choice::migrate),
    fault_ceases("adding-succeeds", "add_memory() does not fail for ever", choice::add_memory),
    fault_ceases("device-grants", "the device does not refuse for ever what it could grant", choice::device),
}};

}  // namespace

std::span<const FairnessInfo> fairness_infos() { return infos; }

}  // namespace vmemcheck::bbm

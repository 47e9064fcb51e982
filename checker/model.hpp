// SPDX-License-Identifier: MIT
/// \file
/// What a model is to the checker: the Model concept and the words the two sides share.
///
/// A model is an ordinary C++ class. It describes its state once (describe), says where runs begin
/// (initial_states) and runs one atomic action of one actor (step). Everything else - packing, hashing,
/// printing, differences, search, replay, coverage - is derived from these three.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vmemcheck::checker {

/// Index of an actor of a model, 0 .. Model::actor_count() - 1.
using ActorId = unsigned;
/// Index into Model::steps().
using StepId = unsigned;
/// No step: of a context before at() was called.
inline constexpr StepId no_step = std::numeric_limits<StepId>::max();
/// Index into Model::choices().
using ChoiceId = unsigned;
/// Number of a step assertion of a model; Property::assertion refers to it.
using AssertionId = unsigned;

/// Who may be waited for. A process has to get on by itself: when every process is blocked and the model is
/// not at rest, that is a deadlock. The environment (a user, a host) may act but owes nothing.
enum class ActorKind : std::uint8_t { process, environment };

/// One atomic step of a model, as data: its name in reports, what it stands for and why it may be atomic.
struct StepInfo {
    std::string_view name;      ///< short and stable: counterexample files refer to it
    std::string_view function;  ///< the function of the real system it stands for
    std::string_view why;       ///< why no other actor can see the middle of it
    /// True for a step that commutes with every step of every other actor, is never blocked and changes nothing
    /// that a property reads. The search may run it together with the step before it (Lipton, CACM 1975).
    bool local = false;
};

/// One kind of nondeterministic answer. values[0] is the benign one; a fault strikes when another value is taken.
struct ChoiceInfo {
    std::string_view name;                     ///< short and stable: counterexample files refer to it
    std::span<const std::string_view> values;  ///< empty: the value is shown as a number
    bool fault = false;                        ///< a failure that may strike: values other than 0 are marked in reports
};

/// Why an actor cannot move: what it waits for and, if known, which actor has it.
struct Guard {
    std::string_view what;  ///< for instance "hotplug_mutex" or "work not queued"
    int holder = -1;        ///< actor that holds it, or -1
};

/// One field of a state: where it is, what it may hold and how it is called.
struct FieldInfo {
    std::string name;                         ///< for instance "bb[0].state"
    std::size_t offset{};                     ///< bytes from the start of the state
    unsigned size{};                          ///< 1 or 2 bytes, a signed integer
    int low{};                                ///< smallest legal value
    int high{};                               ///< largest legal value; low == high takes no bits
    std::span<const std::string_view> names;  ///< names of low, low + 1, ...; empty for plain numbers
};

/// Collects the fields of a state. A model's describe() calls it once a field, always in the same order.
class FieldSink {
 public:
    /// \param base the state that the fields given are in
    explicit FieldSink(const void* base) : base_(static_cast<const char*>(base)) {}

    /// \param field a 1- or 2-byte signed integer (or a class that wraps one) inside the state given to the sink
    template <class Int>
    void operator()(std::string name, const Int& field, int low, int high,
                    std::span<const std::string_view> names = {}) {
        static_assert(std::is_trivially_copyable_v<Int> && (sizeof(Int) == 1 || sizeof(Int) == 2));
        const auto offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&field) - base_);
        fields_.push_back({std::move(name), offset, static_cast<unsigned>(sizeof(Int)), low, high, names});
    }

    /// The fields so far; the sink is empty then.
    [[nodiscard]] std::vector<FieldInfo> take() { return std::move(fields_); }

 private:
    const char* base_;
    std::vector<FieldInfo> fields_;
};

/// A context for concept checks only: what a step function may ask of its engine.
///
/// - at(step): names the step that is running; the first call of every step.
/// - choose(choice, n): the environment's answer, 0 .. n - 1; each is explored.
/// - blocked(guard): the actor cannot move now; the step must return at once and its changes are dropped.
/// - fail(assertion, message): an assertion of the model (a WARN or BUG, say) is reached; message must outlive the run.
/// - emit(state, event): an observer of the real system would see this now; costs nothing while searching.
struct ArchetypeContext {
    void at(StepId) {}                       ///< see above
    int choose(ChoiceId, int) { return 0; }  ///< see above
    void blocked(Guard) {}                   ///< see above
    void fail(AssertionId, const char*) {}   ///< see above
    template <class State, class Event>
    void emit(const State&, const Event&) {}  ///< see above
};

/// A system that can be checked.
///
/// State must be trivially copyable; fields not described must not influence a step. step() is called on a
/// copy of the state and changes it in place; it must be a function of the state, the actor and the answers of
/// choose(). initial_states(f) calls f(state) for each initial state. A search with several threads calls the functions
/// of one const model at the same time, and those of properties.
template <class M>
concept Model = std::is_trivially_copyable_v<typename M::State> &&
    requires(const M& model, typename M::State& state, const typename M::State& seen, ActorId actor, FieldSink& sink,
             ArchetypeContext& context, void (*found)(const typename M::State&)) {
    { model.actor_count() } -> std::convertible_to<unsigned>;
    { model.actor_name(actor) } -> std::convertible_to<std::string>;
    { model.actor_kind(actor) } -> std::same_as<ActorKind>;
    { model.steps() } -> std::convertible_to<std::span<const StepInfo>>;
    { model.choices() } -> std::convertible_to<std::span<const ChoiceInfo>>;
    { model.at_rest(seen) } -> std::convertible_to<bool>;
    model.describe(seen, sink);
    model.initial_states(found);
    model.step(state, actor, context);
};

/// A model that can say which step an actor takes next without running it (or -1: none or unknown). It lets the
/// search fuse local steps; without it nothing is fused.
template <class M>
concept PredictsSteps = requires(const M& model, const typename M::State& state, ActorId actor) {
    { model.next_step(state, actor) } -> std::convertible_to<int>;
};

}  // namespace vmemcheck::checker

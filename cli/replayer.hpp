// SPDX-License-Identifier: MIT
/// \file
/// Runs what a counterexample file records again, and says whether it still goes as recorded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checker/layout.hpp"
#include "checker/replay.hpp"
#include "cli/counterexample.hpp"

namespace vmemcheck::cli {

/// How a replay ended.
struct ReplayOutcome {
    bool as_recorded = false;
    std::string why;      ///< one line
    std::string details;  ///< lines
};

/// \tparam M Bbm or WideBbm, whichever has room for the file's scope
template <class M>
class Replayer {
 public:
    using State = typename M::State;
    using Property = checker::Property<M>;
    using Run = checker::Counterexample<M>;

    /// \param file must outlive the replayer
    explicit Replayer(const CounterexampleFile& file);

    [[nodiscard]] ReplayOutcome run();

    [[nodiscard]] const M& model() const { return model_; }
    [[nodiscard]] const Property& property() const { return *property_; }
    /// The steps that could be replayed; empty if no initial state fits.
    [[nodiscard]] const std::optional<Run>& replayed() const { return run_; }

 private:
    [[nodiscard]] std::string difference(const State& state) const;
    [[nodiscard]] ReplayOutcome find_initial(State& initial) const;
    [[nodiscard]] Json changes_of(const State& before, const State& after) const;
    [[nodiscard]] ReplayOutcome compare_changes(const std::vector<State>& states) const;
    [[nodiscard]] ReplayOutcome judge(const checker::Replay<M>& replay) const;

    const CounterexampleFile& file_;
    M model_;
    std::vector<Property> properties_;
    const Property* property_ = nullptr;
    checker::Layout layout_;
    std::optional<Run> run_;
};

extern template class Replayer<bbm::Bbm>;
extern template class Replayer<bbm::WideBbm>;

}  // namespace vmemcheck::cli

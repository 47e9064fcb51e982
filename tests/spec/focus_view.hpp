// SPDX-License-Identifier: MIT
/// \file
/// Transitions of a larger system, seen through a focus: what the tests of proofs for every size share.
#pragma once

#include <random>
#include <vector>

#include "checker/context.hpp"
#include "spec/symbolic_internal.hpp"
#include "spec/symbolic_prove.hpp"

namespace vmemcheck::bbm::spec {

using Random = std::mt19937;

/// Which entities of a larger system a focus keeps: indices there, by slot here.
struct Kept {
    std::vector<int> big_blocks, memory_blocks, sections, page_blocks, pages;
};

struct SampledTransition {
    StepInstance step;
    Bbm::State before, after;
    std::vector<checker::ChoiceTaken> choices;
};

/// Transitions of random walks, of every step that occurs so many, or fewer where there are no more.
[[nodiscard]] std::vector<SampledTransition> walk(const Config& config, std::size_t of_each);

enum class Seen {
    as_a_path,   ///< it is one of the paths of the focus
    elsewhere,   ///< there are paths that are left to the focus which keeps what the step works on
    not_at_all,  ///< neither
};

/// How a transition of a system is seen through a focus which keeps this of it.
[[nodiscard]] Seen look(const Config& whole, const ProofCase& focus_case, const SampledTransition& transition,
                        const Kept& kept);

/// The same with what chance keeps.
/// \param with_place what the step works on is kept in any case
[[nodiscard]] Seen look(const Config& whole, const ProofCase& focus_case, const SampledTransition& transition,
                        Random& random, bool with_place);

}  // namespace vmemcheck::bbm::spec

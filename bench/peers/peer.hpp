// SPDX-License-Identifier: MIT
/// \file
/// The program around each model that is compared with other model checkers: one search, one JSON object.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "checker/search.hpp"

namespace vmemcheck::peers {

/// What the command line asks for.
struct Request {
    unsigned size = 0;     ///< the model's parameter: blocks, processes, ...
    bool bug = false;      ///< the variant with the seeded fault
    unsigned threads = 1;  ///< of the search
    bool cached = true;    ///< steps that were seen are not run again
};

/// What a search found.
struct Report {
    checker::Status verdict{};
    checker::Statistics statistics;
    std::uint64_t counterexample = 0;  ///< its transitions; 0: there is none
};

/// The search that is compared: breadth first, every interleaving, one invariant. M has a static holds().
template <checker::Model M>
[[nodiscard]] checker::Result<M> search(const M& model, unsigned threads, bool cached = true) {
    checker::Property<M> property;
    property.id = M::property;
    property.kind = checker::PropertyKind::invariant;
    property.sentence = M::property;
    property.holds = &M::holds;
    checker::SearchOptions options;
    options.cache_steps = cached;
    // A search that knows no threads has one.
    [](auto& given, unsigned count) {
        if constexpr (requires { given.threads = count; }) given.threads = count;
    }(options, threads);
    return checker::check(model, std::vector{property}, options);
}

template <checker::Model M>
[[nodiscard]] Report report(const M& model, unsigned threads, bool cached = true) {
    const checker::Result<M> result = search(model, threads, cached);
    const checker::Verdict<M>& verdict = result.verdicts.front();
    return {verdict.status, result.statistics,
            verdict.counterexample ? std::uint64_t{verdict.counterexample->transitions()} : 0};
}

/// Reads the command line, runs the search and prints what it found. The result is an exit status: 0, 2 for a bad
/// command line, 3 if the search did not end.
int run(int argc, char** argv, const char* name, const std::vector<unsigned>& sizes,
        const std::function<Report(const Request&)>& search);

/// run() of M<size>, for the one of `sizes` that is asked for; the first is the default.
template <template <unsigned> class M, unsigned... sizes>
int main_of(int argc, char** argv, const char* name) {
    return run(argc, argv, name, {sizes...}, [](const Request& request) {
        Report found;
        ((request.size == sizes ? void(found = report(M<sizes>{request.bug}, request.threads, request.cached))
                                : void()),
         ...);
        return found;
    });
}

}  // namespace vmemcheck::peers

// SPDX-License-Identifier: MIT
// Whether the cache of steps changes what a search finds.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "checker/search.hpp"
#include "tests/checker/equal_results.hpp"
#include "tests/checker/few_samples.hpp"

namespace vmemcheck::checker {

/// Searches with and without the cache, and with the older search, which has none.
template <class M>
void expect_same_cached(const M& model, const std::vector<Property<M>>& properties, SearchOptions options = {}) {
    options.cache_steps = false;
    options.threads = 1;
    const auto all = check(model, properties, options);
    options.cache_steps = true;
    for (const unsigned threads : {1U, 3U}) {
        for (const std::uint64_t each : {0U, 1U, 7U}) {
            // Half of them: what is not audited with one thread, what is with several.
            if (few_samples && (threads == 1) != (each == 0)) continue;
            SCOPED_TRACE(std::to_string(threads) + " threads, audit " + std::to_string(each));
            options.threads = threads;
            options.audit_each = each;
            options.parallel_packing = each != 7;
            expect_equal(check(model, properties, options), all);
        }
    }
    if (!options.stop_when_decided) expect_equal(check_with<ExactStore>(model, properties, options), all);
}

}  // namespace vmemcheck::checker

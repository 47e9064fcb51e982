// SPDX-License-Identifier: MIT
// Searches that keep only a hash, or some bits, of what they have seen.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>

#include "checker/bit_array.hpp"
#include "checker/search.hpp"
#include "checker/seen_prints.hpp"
#include "tests/checker/equal_results.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/wide_model.hpp"

namespace vmemcheck::checker {
namespace {

using examples::property;
using examples::Wide;

/// As good as random.
std::uint64_t print_of(std::uint64_t number) {
    const std::uint64_t packed[] = {number};
    return detail::RoundStore::print_of(packed);
}

TEST(SeenPrints, TakeNoMoreForSeenThanTheyShould) {
    constexpr std::uint64_t count = 200000;
    for (const unsigned bits : {0U, 24U, 28U, 33U, 64U}) {
        SCOPED_TRACE(bits);
        MemoryBudget budget;
        Approximation how;
        how.hash_bits = bits;
        how.array_bytes = bits == 0 ? 200000 : 0;
        SeenPrints seen(how, budget);
        ASSERT_TRUE(seen.ready());
        std::uint64_t added = 0;
        double expected = 0;  // to be taken for others
        for (std::uint64_t i = 0; i < count; ++i) {
            if (i % 1000 == 0) expected += 1000 * seen.omission(added);
            added += seen.add(print_of(i)) == Segment::Done::added ? 1 : 0;
        }
        for (std::uint64_t i = 0; i < count; ++i) ASSERT_EQ(seen.add(print_of(i)), Segment::Done::found);
        const auto omitted = static_cast<double>(count - added);
        EXPECT_NEAR(omitted, expected, 5 * std::sqrt(expected) + 0.02 * expected + 1);
        EXPECT_LE(omitted, static_cast<double>(count) * seen.omission(count) + 5 * std::sqrt(expected) + 1);
        if (bits == 64) {
            EXPECT_EQ(omitted, 0);
        }
        if (bits == 24 || bits == 0) {
            EXPECT_GT(omitted, 100);
        }
    }
}

template <class Result>
void expect_approximate(const Result& result) {
    EXPECT_EQ(result.ended, Ended::approximate);
    EXPECT_FALSE(result.complete);
    EXPECT_GT(result.statistics.omission_bound, 0);
    EXPECT_LE(result.statistics.omission_bound, 1);
    EXPECT_LE(result.statistics.expected_coverage, 1);
}

/// What one to three threads find: the same, and as much of all states as they say.
Result<Wide> expect_almost_all(const Wide& model, SearchOptions options, double all) {
    std::vector<Result<Wide>> found;
    for (unsigned threads = 1; threads <= 3; ++threads) {
        options.threads = threads;
        found.push_back(check<Wide>(model, {}, options));
        expect_approximate(found.back());
        expect_equal(found.back(), found.front());
    }
    const double states = static_cast<double>(found[0].statistics.states);
    EXPECT_LE(states, all);
    EXPECT_GE(states, all * found[0].statistics.expected_coverage - 5 * std::sqrt(all));
    return found[0];
}

TEST(Approximate, LongFindsAlmostAllAndNothingElse) {
    // States of one word; and of several, whose fields are grouped.
    for (const unsigned fields : {1U, 20U}) {
        const Wide model{fields, 40, -1};
        constexpr double all = 40.0 * 40 * 40;
        for (const unsigned bits : {24U, 40U, 64U}) {
            SCOPED_TRACE(bits);
            SearchOptions options;
            options.approximation.hash_bits = bits;
            const Result<Wide> found = expect_almost_all(model, options, all);
            const double states = static_cast<double>(found.statistics.states);
            EXPECT_DOUBLE_EQ(found.statistics.omission_bound,
                             std::min(1.0, states * states / 2 / std::ldexp(1, static_cast<int>(bits))));
            if (bits == 24) {
                EXPECT_LT(states, all);
            }
            if (bits == 64) {
                EXPECT_EQ(states, all);
            }
        }
        for (const std::size_t bytes : {std::size_t{100000}, std::size_t{8} << 20}) {
            SCOPED_TRACE(bytes);
            SearchOptions options;
            options.approximation.array_bytes = bytes;
            const Result<Wide> found = expect_almost_all(model, options, all);
            const double states = static_cast<double>(found.statistics.states);
            if (bytes == 100000) {
                EXPECT_LT(states, 0.9999 * all);
            }
            if (bytes != 100000) {
                EXPECT_GE(states, all - 100);
            }
        }
    }
}

TEST(Approximate, ViolationsAreRealAndNothingHolds) {
    const Wide model{20, 40, 70};
    const std::vector<Property<Wide>> properties{property<Wide>("no-trap", PropertyKind::assertion),
                                                 property<Wide>("never", PropertyKind::invariant)};
    SearchOptions options;
    options.approximation.hash_bits = 64;
    options.stop_when_decided = false;
    const auto found = check(model, properties, options);
    expect_approximate(found);
    EXPECT_EQ(found.verdicts[0].status, Status::violated);
    EXPECT_EQ(found.verdicts[1].status, Status::incomplete);
    options.approximation = {};
    const auto exact = check(model, properties, options);
    expect_equal_run(found.verdicts[0].counterexample, exact.verdicts[0].counterexample);
    EXPECT_EQ(exact.verdicts[1].status, Status::holds);
    EXPECT_EQ(exact.statistics.omission_bound, 0);
    // An array that is full after a few states misses much, but invents nothing.
    options.approximation.array_bytes = 4096;
    const auto poor = check(model, properties, options);
    expect_approximate(poor);
    EXPECT_EQ(poor.statistics.omission_bound, 1);
    if (poor.verdicts[0].counterexample) {
        int sum = 0;
        for (const std::int8_t counter : poor.verdicts[0].counterexample->last().counter) sum += counter;
        EXPECT_EQ(sum, 70);
    }
}

TEST(Approximate, LongGoesOnFromCheckpoints) {
    const Wide model{20, 40, -1};
    for (const bool array : {false, true}) {
        SearchOptions options;
        options.approximation.hash_bits = array ? 0 : 24;
        options.approximation.array_bytes = array ? 60000 : 0;
        const auto wanted = check<Wide>(model, {}, options);
        options.checkpoint.file = (std::filesystem::temp_directory_path() / "vmemcheck-approximate-test").string();
        std::filesystem::remove(options.checkpoint.file);  // of a run that failed
        for (const std::uint64_t most : {1000U, 20000U, 50000U}) {
            options.max_states = most;
            EXPECT_EQ(check<Wide>(model, {}, options).ended, Ended::state_limit);
        }
        options.max_states = 0;
        options.max_memory_bytes = 300'000;
        EXPECT_EQ(check<Wide>(model, {}, options).ended, Ended::memory_limit);
        options.max_memory_bytes = 0;
        expect_equal(check<Wide>(model, {}, options), wanted);
        EXPECT_FALSE(std::filesystem::exists(options.checkpoint.file));
    }
}

TEST(Approximate, IsForBreadthFirstSearchesOfStates) {
    SearchOptions options;
    options.strategy = Strategy::depth_first;
    options.approximation.hash_bits = 40;
    EXPECT_THROW(static_cast<void>(check<Wide>(Wide{}, {}, options)), std::invalid_argument);
    options.approximation = {};
    options.disk_folder = ".";
    EXPECT_THROW(static_cast<void>(check<Wide>(Wide{}, {}, options)), std::invalid_argument);
}

}  // namespace
}  // namespace vmemcheck::checker

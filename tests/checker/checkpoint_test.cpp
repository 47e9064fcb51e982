// SPDX-License-Identifier: MIT
// Searches that are ended too early, and go on from their checkpoints.
#include "checker/checkpoint.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "checker/search.hpp"
#include "tests/checker/equal_results.hpp"
#include "tests/checker/example_models.hpp"
#include "tests/checker/wide_model.hpp"

namespace vmemcheck::checker {
namespace {

using examples::Peterson;
using examples::Philosophers;
using examples::Properties;
using examples::property;
using examples::Wide;
using examples::Workers;

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

class Checkpoint : public testing::Test {
 protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "vmemcheck-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        options_.checkpoint.file = file();
        options_.checkpoint.continued = [this](std::uint64_t states, std::uint64_t, double) { continued_ = states; };
        options_.checkpoint.failed = [this](const std::string& why) { failed_ = why; };
    }
    void TearDown() override {
        std::error_code ignored;
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] std::string file() const { return (folder_ / "file").string(); }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
    }
    enum class Way : std::uint8_t { states, depth, memory, stop, stop_writing };

    /// Ends a search again and again, in many ways, and holds what comes out at last against one that ran through.
    template <class M>
    void expect_the_same(M model, const Properties<M>& properties) {
        SearchOptions whole = options_;
        whole.checkpoint = {};
        const Result<M> wanted = check(model, properties, whole);
        for (const Way way : {Way::states, Way::depth, Way::memory, Way::stop, Way::stop_writing}) {
            SCOPED_TRACE(static_cast<int>(way));
            unsigned runs = 0;
            for (bool done = false; !done; ++runs) {
                ASSERT_LT(runs, 3000U);
                SearchOptions part = options_;
                part.threads = 1 + runs % 3;
                examples::Alarm alarm{static_cast<std::int64_t>(1 + wanted.statistics.micro_steps / 6)};
                if (way == Way::states) part.max_states = 1 + wanted.statistics.states * runs / 7;
                if (way == Way::depth) part.max_depth = 1 + runs * (1 + wanted.statistics.max_depth / 9);
                if (way == Way::memory) part.max_memory_bytes = 60'000 + runs * 40'000;
                if (way >= Way::stop) {
                    part.stop = &alarm.raised;
                    model.alarm = &alarm;
                }
                if (way == Way::stop_writing) part.checkpoint.seconds = 0;
                continued_ = 0;
                const Result<M> result = check(model, properties, part);
                model.alarm = nullptr;
                EXPECT_EQ(failed_, "");
                done = result.ended == Ended::complete || result.ended == Ended::decided;
                if (done) {
                    expect_equal(result, wanted);
                    EXPECT_GT(continued_, 0U);
                } else {
                    // Nothing is left of a search that did not even begin.
                    if (result.statistics.states > 2) {
                        EXPECT_EQ(files(), 1U);
                    }
                }
            }
            EXPECT_GT(runs, 1U);
            EXPECT_EQ(files(), 0U);
        }
    }
    /// Ends a search early; there is then a checkpoint.
    void begin(const Wide& model) {
        options_.max_states = 700;
        EXPECT_EQ(check<Wide>(model, {}, options_).ended, Ended::state_limit);
        options_.max_states = 0;
        ASSERT_TRUE(std::filesystem::exists(file()));
    }
    /// The search is refused with such words, and the file is as before.
    template <class M>
    void refused(const M& model, const Properties<M>& properties, const std::string& words) {
        const std::string before = content(file());
        try {
            static_cast<void>(check(model, properties, options_));
            ADD_FAILURE() << "went on; wanted: " << words;
        } catch (const CheckpointError& error) {
            EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
            EXPECT_NE(std::string(error.what()).find(options_.checkpoint.file), std::string::npos) << error.what();
        }
        EXPECT_EQ(content(file()), before);
    }

    /// Cuts a checkpoint short, and turns bits of it. \param fine at so many places, or a few times as many
    void damage(std::size_t fine) {
        const Wide model{20, 12, -1};
        begin(model);
        const std::string whole = content(file());
        // Cut short anywhere, or with something added.
        for (std::size_t size = 0; size < whole.size(); size += 1 + size * 4 / fine) {
            write(file(), whole.substr(0, size));
            refused<Wide>(model, {}, size < 16 ? "not a checkpoint" : "damaged");
        }
        write(file(), whole + '\0');
        refused<Wide>(model, {}, "damaged");
        // A bit of any byte turned, in the header, lengths, contents and checksums.
        std::mt19937 random(7);
        for (std::size_t at = 0; at < whole.size();
             at += 1 + random() % (at > 200 ? whole.size() / fine : 200 / fine + 1)) {
            std::string damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
            write(file(), damaged);
            refused<Wide>(model, {}, "cannot go on from");
        }
        write(file(), "something else altogether");
        refused<Wide>(model, {}, "it is not a checkpoint");
        write(file(), whole);
        EXPECT_TRUE(check<Wide>(model, {}, options_).complete);
    }

    std::filesystem::path folder_;
    SearchOptions options_;
    std::uint64_t continued_ = 0;
    std::string failed_;
};

TEST_F(Checkpoint, GoesOnAsIfNothingHadHappened) {
    for (const bool early : {false, true}) {
        options_.stop_when_decided = early;
        auto alone = property<Peterson>("alone", PropertyKind::invariant);
        alone.holds = [](const Peterson&, const Peterson::State& s) { return s.pc[0] != 3 || s.pc[1] != 3; };
        auto goal = property<Peterson>("goal", PropertyKind::reachability);
        goal.holds = [](const Peterson&, const Peterson::State& s) { return s.pc[1] == 3; };
        goal.trigger = [](const Peterson&, const Peterson::State& s) { return s.pc[0] == 2; };
        expect_the_same<Peterson>({Peterson::Mistake::no_flag}, {alone, goal});
        expect_the_same<Philosophers>({5, false, true}, {property<Philosophers>("deadlock", PropertyKind::deadlock)});
        auto end = property<Workers>("rich", PropertyKind::end_state);
        end.holds = [](const Workers&, const Workers::State& s) { return s.total > 300; };
        expect_the_same<Workers>({3}, {end});
    }
}

TEST_F(Checkpoint, SlowGoesOnWithStatesOfManyBits) {
    const auto trap = property<Wide>("no-trap", PropertyKind::assertion);
    for (const std::uint64_t regroup : {1U, 500U, 100000U}) {
        options_.regroup_states = regroup;
        for (const unsigned fields : {1U, 4U, 20U}) {
            SCOPED_TRACE(fields);
            expect_the_same<Wide>({fields, 16, 30}, {trap});
        }
    }
    options_.regroup_states = 5000;
    expect_the_same<Wide>({20, 30, 70}, {trap});
}

TEST_F(Checkpoint, MayGoOnUnderALowerLimit) {
    const Wide model{20, 12, -1};
    begin(model);
    const std::string before = content(file());
    options_.max_states = 10;
    EXPECT_EQ(check<Wide>(model, {}, options_).ended, Ended::state_limit);
    options_.max_states = 0;
    options_.max_depth = 1;
    EXPECT_EQ(check<Wide>(model, {}, options_).ended, Ended::depth_limit);
    options_.max_depth = 0;
    options_.max_memory_bytes = 20000;
    const auto result = check<Wide>(model, {}, options_);
    EXPECT_EQ(result.ended, Ended::memory_limit);
    EXPECT_GE(result.statistics.states, 700U);
    EXPECT_EQ(content(file()), before);
    options_.max_memory_bytes = 0;
    EXPECT_EQ(check<Wide>(model, {}, options_).statistics.states, 1728U);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Checkpoint, OfAnotherSearchIsRefused) {
    const Wide model{20, 12, -1};
    options_.checkpoint.identity = "release: linux-6.1\nscope: small";
    begin(model);
    options_.checkpoint.identity = "release: linux-6.12\nscope: small";
    refused<Wide>(model, {}, "another search: release is 'linux-6.1' there and 'linux-6.12' here");
    options_.checkpoint.identity = "release: linux-6.1";
    refused<Wide>(model, {}, "scope is 'small' there and nothing here");
    options_.checkpoint.identity = "release: linux-6.1\nscope: small\n";
    refused<Wide>(model, {property<Wide>("p", PropertyKind::assertion)}, "properties is '0' there and '1' here");
    refused<Wide>({20, 13, -1}, {}, "field counter0 is ");
    refused<Wide>({19, 12, -1}, {}, "field narrow19 is ");
    refused<Peterson>({}, {}, "bytes of a state is ");
    options_.fuse = false;
    refused<Wide>(model, {}, "fused steps is 'yes' there and 'no' here");
    options_.fuse = true;
    options_.strategy = Strategy::depth_first;
    refused<Wide>(model, {}, "only a breadth-first search");
    options_.strategy = Strategy::breadth_first;
    EXPECT_TRUE(check<Wide>(model, {}, options_).complete);
}

TEST_F(Checkpoint, ThatIsDamagedIsRefused) { damage(40); }
TEST_F(Checkpoint, LongThatIsDamagedAnywhereIsRefused) { damage(400); }

TEST_F(Checkpoint, WhatCannotBeWrittenDoesNotEndTheSearch) {
    const Wide model{20, 12, -1};
    options_.checkpoint.seconds = 0;
    options_.checkpoint.file = (folder_ / "missing" / "file").string();
    EXPECT_TRUE(check<Wide>(model, {}, options_).complete);
    EXPECT_NE(failed_.find("cannot write the checkpoint"), std::string::npos) << failed_;
    EXPECT_NE(failed_.find("No such file or directory"), std::string::npos) << failed_;
    options_.checkpoint.file = "/dev/full";
    EXPECT_THROW(static_cast<void>(check<Wide>(model, {}, options_)), CheckpointError);
    options_.checkpoint.file = folder_.string();
    EXPECT_THROW(static_cast<void>(check<Wide>(model, {}, options_)), CheckpointError);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Checkpoint, OfAnotherProgramIsNotOverwritten) {
    const Wide model{20, 12, -1};
    // Two searches begin, and one of them has written a checkpoint when the other is about to.
    CheckpointOptions other;
    other.file = file();
    CheckpointFile mine(other, "name: other");
    EXPECT_EQ(mine.open(), nullptr);
    begin(model);
    const std::string before = content(file());
    EXPECT_FALSE(mine.write([](ArchiveWriter&) {}));
    mine.remove();
    EXPECT_EQ(content(file()), before);
}

TEST(Identity, TellsTheFirstDifference) {
    EXPECT_EQ(identity_difference("a: 1\nb: 2\n", "a: 1\nb: 2\n"), "");
    EXPECT_EQ(identity_difference("a: 1\nb: 2\n", "a: 1\nb: 3\n"), "b is '2' there and '3' here");
    EXPECT_EQ(identity_difference("a: 1\n", "a: 1\nb: 3\n"), "b is nothing there and '3' here");
    EXPECT_EQ(identity_difference("a: 1\nb: 3\n", "a: 1\n"), "b is '3' there and nothing here");
    EXPECT_EQ(identity_difference("a: 1\nb: 3\n", "b: 3\na: 1\n"), "it tells the same in another order");
}

}  // namespace
}  // namespace vmemcheck::checker

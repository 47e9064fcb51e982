// SPDX-License-Identifier: MIT
// Searches that keep one state for all that differ in numbering, against those that keep all.
#include "checker/symmetry.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <set>

#include "bench/peers/blocks/blocks.hpp"
#include "checker/replay.hpp"
#include "checker/search.hpp"
#include "tests/checker/example_models.hpp"

namespace vmemcheck::checker {
namespace {

using examples::invariant;
using examples::property;

/// Clerks that write to one another, one at a time: parts with a field of their own, one that names another clerk, one
/// for each two of them, and a field outside that names one.
struct Clerks {
    static constexpr unsigned most = 4;
    struct State {
        std::int8_t desk;                                      ///< the clerk who writes, or -1
        std::array<std::int8_t, most> mood;                    ///< 0..2
        std::array<std::int16_t, most> friend_of;              ///< the one last heard of, or -1
        std::array<std::array<std::int8_t, most>, most> mail;  ///< a letter from one to another
    };
    enum class Fault : std::uint8_t { none, favourite, wrong_reference, forgotten_pair, forgotten_mood };
    unsigned count = 3;
    Fault fault = Fault::none;

    unsigned actor_count() const { return count; }
    std::string actor_name(ActorId a) const { return "clerk" + std::to_string(a); }
    ActorKind actor_kind(ActorId) const { return ActorKind::process; }
    std::span<const StepInfo> steps() const {
        static constexpr std::array<StepInfo, 4> all{
            {{"sit_down", "", ""}, {"write", "", ""}, {"get_up", "", ""}, {"read", "", ""}}};
        return all;
    }
    std::span<const ChoiceInfo> choices() const {
        static constexpr std::array<ChoiceInfo, 2> all{{{"what", {}}, {"whom", {}}}};
        return all;
    }
    bool at_rest(const State& s) const { return s.desk == -1; }
    void describe(const State& s, FieldSink& sink) const {
        const int last = static_cast<int>(count) - 1;
        sink("desk", s.desk, -1, last);
        for (unsigned i = 0; i < count; ++i) {
            sink("mood" + std::to_string(i), s.mood[i], 0, 2);
            sink("friend" + std::to_string(i), s.friend_of[i], -1, last);
            for (unsigned j = 0; j < count; ++j) {
                if (i != j) sink("mail" + std::to_string(i) + "to" + std::to_string(j), s.mail[i][j], 0, 1);
            }
        }
    }
    void symmetries(const State& s, SymmetrySink& sink) const {
        const std::size_t clerks = sink.set("clerks", count);
        for (unsigned i = 0; i < count; ++i) {
            if (i > 0 || fault != Fault::forgotten_mood) sink.part(clerks, i, s.mood[i]);
            sink.part(clerks, i, s.friend_of[i]);
            if (fault != Fault::wrong_reference) sink.reference(clerks, s.friend_of[i]);
            for (unsigned j = 0; j < count; ++j) {
                if (i != j && fault != Fault::forgotten_pair) sink.pair(clerks, i, j, s.mail[i][j]);
            }
        }
        sink.reference(clerks, s.desk);
    }
    template <class F>
    void initial_states(F&& found) const {
        State s{};
        s.desk = -1;
        s.friend_of.fill(-1);
        found(s);
    }
    template <class Context>
    void step(State& s, ActorId a, Context& context) const {
        const auto me = static_cast<std::int8_t>(a);
        switch (context.choose(0, 3)) {
            case 0:
                context.at(0);
                if (s.desk != -1 || s.mood[a] == 2) return context.blocked({"the desk"});
                if (fault == Fault::favourite && a == 1 && s.mood[2] == 1) return context.blocked({"manners"});
                s.desk = me;
                return;
            case 1: {
                context.at(1);
                const auto to = static_cast<unsigned>(context.choose(1, static_cast<int>(count)));
                if (s.desk != me || to == a || s.mail[a][to] == 1) return context.blocked({"nothing to write"});
                s.mail[a][to] = 1;
                s.mood[a] = static_cast<std::int8_t>(s.mood[a] + 1);
                s.desk = -1;
                if (s.mood[a] == 2 && s.mail[to][a] == 1) context.fail(0, "a quarrel");
                return;
            }
            default: {
                context.at(3);
                const auto from = static_cast<unsigned>(context.choose(1, static_cast<int>(count)));
                if (s.mail[from][a] == 0) return context.blocked({"no letter"});
                s.mail[from][a] = 0;
                s.friend_of[a] = static_cast<std::int8_t>(from);
                s.mood[a] = 0;
            }
        }
    }
};

/// The model of the peers, which says that its blocks are interchangeable.
template <unsigned N>
struct BlocksOf : peers::Blocks<N> {
    using State = typename peers::Blocks<N>::State;
    void symmetries(const State& s, SymmetrySink& sink) const {
        const std::size_t blocks = sink.set("blocks", N);
        for (unsigned i = 0; i < N; ++i) sink.part(blocks, i, s.block[i]);
    }
};

template <class M>
std::vector<Property<M>> none() {
    return {};
}

template <class M>
Result<M> search(const M& model, const std::vector<Property<M>>& properties, bool symmetry, unsigned threads = 1,
                 std::uint64_t audit_each = 1) {
    SearchOptions options;
    options.symmetry = symmetry;
    options.audit_each = audit_each;
    options.threads = threads;
    options.stop_when_decided = false;
    return check(model, properties, options);
}

/// The smaller search stands for exactly the states of the other one.
template <class M>
void expect_represented(const M& model, double at_least) {
    const auto all = search(model, none<M>(), false);
    const auto some = search(model, none<M>(), true);
    ASSERT_EQ(all.ended, Ended::complete) << all.model_error;
    ASSERT_EQ(some.ended, Ended::complete) << some.model_error;
    EXPECT_EQ(some.statistics.represented, all.statistics.states);
    EXPECT_EQ(all.statistics.represented, 0U);
    EXPECT_EQ(some.statistics.max_depth, all.statistics.max_depth);
    EXPECT_GT(static_cast<double>(all.statistics.states) / static_cast<double>(some.statistics.states), at_least);
}

/// A run that the model can take, as long as the one found without symmetry, to the same property.
template <class M>
void expect_same_run(const M& model, const Property<M>& wanted) {
    const auto all = search(model, std::vector{wanted}, false);
    const auto some = search(model, std::vector{wanted}, true, 1, 50);
    ASSERT_EQ(some.verdicts[0].status, all.verdicts[0].status);
    ASSERT_TRUE(some.verdicts[0].counterexample);
    const Counterexample<M>& run = *some.verdicts[0].counterexample;
    EXPECT_EQ(run.transitions(), all.verdicts[0].counterexample->transitions());
    const Replay<M> replayed = replay(model, run.initial, run.steps, &wanted);
    EXPECT_FALSE(replayed.diverged_at) << replayed.reason;
    EXPECT_EQ(replayed.status, some.verdicts[0].status);
    EXPECT_EQ(replayed.decided_at, run.steps.size());
    EXPECT_EQ(replayed.message, run.message);
}

TEST(Symmetry, StandsForAllStatesOfPlainParts) { expect_represented(BlocksOf<6>{}, 70); }

TEST(Symmetry, StandsForAllStatesOfPartsThatNameEachOther) {
    expect_represented(Clerks{2}, 1.9);
    expect_represented(Clerks{3}, 5.5);
}

TEST(Symmetry, RunsAreTakenByTheModel) {
    auto quarrel = property<Clerks>("no-quarrel", PropertyKind::assertion);
    quarrel.assertion = 0;
    expect_same_run(Clerks{}, quarrel);
    expect_same_run(Clerks{}, invariant<Clerks>("somebody-has-no-letter", [](const Clerks&, const Clerks::State& s) {
                        unsigned letters = 0;
                        for (const auto& row : s.mail)
                            letters += static_cast<unsigned>(std::accumulate(row.begin(), row.end(), 0));
                        return letters < 4;
                    }));
    auto circle = property<Clerks>("circle", PropertyKind::reachability);
    circle.holds = [](const Clerks&, const Clerks::State& s) {
        for (unsigned i = 0; i < 3; ++i) {
            if (s.friend_of[i] < 0 || s.friend_of[static_cast<unsigned>(s.friend_of[i])] == static_cast<int>(i))
                return false;
        }
        return true;
    };
    expect_same_run(Clerks{}, circle);
}

TEST(Symmetry, SeveralThreadsFindTheSame) {
    const auto one = search(Clerks{}, none<Clerks>(), true, 1, 50);
    const auto three = search(Clerks{}, none<Clerks>(), true, 3, 50);
    EXPECT_EQ(one.statistics.states, three.statistics.states);
    EXPECT_EQ(one.statistics.transitions, three.statistics.transitions);
    EXPECT_EQ(one.statistics.represented, three.statistics.represented);
}

TEST(Symmetry, NormalizesAllNumberingsAlike) {
    const Clerks model{4};
    Clerks::State s{};
    const Layout layout = layout_of(model, s);
    Symmetry symmetry = symmetry_of(model, s, layout.fields());
    ASSERT_EQ(symmetry.error(), "");
    ASSERT_EQ(symmetry.exchanges(), 3U);
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        for (std::size_t i = 0; i < layout.fields().size(); ++i) {
            const FieldInfo& field = layout.fields()[i];
            layout.set(s, i, std::uniform_int_distribution(field.low, field.high)(random) & (round % 2 == 0 ? ~0 : ~2));
            if (layout.get(s, i) < field.low) layout.set(s, i, field.low);
        }
        Clerks::State expected = s;
        symmetry.normalize(expected);
        // All of the orbit: exchanges applied until nothing new comes.
        const auto bytes = [&](const Clerks::State& state) {
            std::vector<std::uint32_t> packed(layout.buffer_words());
            EXPECT_EQ(layout.pack(state, packed.data()), -1);
            return packed;
        };
        std::set<std::vector<std::uint32_t>> orbit{bytes(s)};
        std::vector<Clerks::State> open{s};
        while (!open.empty()) {
            const Clerks::State next = open.back();
            open.pop_back();
            for (std::size_t which = 0; which < symmetry.exchanges(); ++which) {
                Clerks::State other = next;
                symmetry.exchange(other, which);
                Clerks::State normal = other;
                symmetry.normalize(normal);
                ASSERT_TRUE(layout.equal(normal, expected));
                if (orbit.insert(bytes(other)).second) open.push_back(other);
            }
        }
        EXPECT_TRUE(orbit.contains(bytes(expected)));
        EXPECT_EQ(symmetry.orbit(expected), orbit.size());
    }
}

TEST(Symmetry, ModelsThatAreNotSymmetricAreFoundOut) {
    const auto complaint = [](Clerks::Fault fault) {
        const auto result = search(Clerks{3, fault}, none<Clerks>(), true);
        EXPECT_EQ(result.ended, Ended::model_error);
        return result.model_error;
    };
    EXPECT_EQ(complaint(Clerks::Fault::favourite),
              "the model is not symmetric: with clerks 0 and 1 exchanged, step sit_down leads where it should not");
    EXPECT_NE(complaint(Clerks::Fault::wrong_reference).find("not symmetric"), std::string::npos);
    EXPECT_NE(complaint(Clerks::Fault::forgotten_pair).find("not symmetric"), std::string::npos);
}

TEST(Symmetry, ARunThatCannotBeTakenIsAModelError) {
    SearchOptions options;
    options.symmetry = true;
    options.audit_each = 0;  // nobody has looked before
    // Clerk 1 never sits down while clerk 2 is in mood 1. Among normalized states somebody does while two others are.
    const auto together = [](const Clerks&, const Clerks::State& s) {
        return s.desk == -1 || s.mood[static_cast<unsigned>(s.desk)] != 0 ||
               std::count(s.mood.begin(), s.mood.end(), 1) != 2;
    };
    const auto result =
        check(Clerks{3, Clerks::Fault::favourite}, std::vector{invariant<Clerks>("alone", together)}, options);
    EXPECT_EQ(result.ended, Ended::model_error);
    EXPECT_EQ(result.verdicts[0].status, Status::incomplete);
    EXPECT_FALSE(result.verdicts[0].counterexample);
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.model_error,
              "the model is not symmetric: a step that is there with parts numbered otherwise is missing");
}

TEST(Symmetry, GoesOnFromACheckpoint) {
    const auto all = search(Clerks{}, none<Clerks>(), true);
    std::string file = ::testing::TempDir() + "symmetry-XXXXXX";
    ::close(::mkstemp(file.data()));
    ::unlink(file.c_str());
    SearchOptions options;
    options.symmetry = true;
    options.stop_when_decided = false;
    options.checkpoint.file = file;
    options.max_states = all.statistics.states / 2;
    ASSERT_EQ(check(Clerks{}, none<Clerks>(), options).ended, Ended::state_limit);
    options.max_states = 0;
    options.symmetry = false;
    EXPECT_THROW(static_cast<void>(check(Clerks{}, none<Clerks>(), options)), CheckpointError);
    options.symmetry = true;
    const auto gone_on = check(Clerks{}, none<Clerks>(), options);
    EXPECT_EQ(gone_on.ended, Ended::complete);
    EXPECT_EQ(gone_on.statistics.states, all.statistics.states);
    EXPECT_EQ(gone_on.statistics.represented, all.statistics.represented);
}

TEST(Symmetry, PropertiesThatAreNotSymmetricAreFoundOut) {
    const auto biased =
        invariant<Clerks>("biased", [](const Clerks&, const Clerks::State& s) { return s.mood[0] != 2; });
    const auto result = search(Clerks{}, std::vector{biased}, true);
    EXPECT_EQ(result.ended, Ended::model_error);
    EXPECT_EQ(result.model_error,
              "the model is not symmetric: with clerks 0 and 1 exchanged, property biased says something else");
}

/// Fields that may be declared to be those of interchangeable parts.
struct Parts {
    std::array<std::int8_t, 3> part;
    std::array<std::int16_t, 3> wide;
    std::int8_t name;
};

/// What is wrong with a declaration.
std::string error_of(void (*declare)(const Parts&, SymmetrySink&)) {
    const Parts s{};
    FieldSink fields(&s);
    fields("part0", s.part[0], 0, 3);
    fields("part1", s.part[1], 0, 3);
    fields("part2", s.part[2], 0, 4);
    fields("wide0", s.wide[0], 0, 3);
    fields("name", s.name, 0, 1);
    SymmetrySink sink(&s);
    declare(s, sink);
    return Symmetry(sink.take(), fields.take(), sizeof s).error();
}

TEST(Symmetry, WrongDeclarationsAreModelErrors) {
    const auto result = search(Clerks{3, Clerks::Fault::forgotten_mood}, none<Clerks>(), true);
    EXPECT_EQ(result.ended, Ended::model_error);
    EXPECT_EQ(result.model_error, "symmetry of clerks: its parts have not equally many fields");

    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  sink.set("parts", 2);
                  sink.part(0, 0, s.part[0]);
                  sink.part(0, 1, s.part[1]);
              }),
              "");
    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  sink.set("parts", 2);
                  sink.part(0, 0, s.part[0]);
              }),
              "symmetry of parts: its parts have not equally many fields");
    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  sink.set("parts", 2);
                  sink.part(0, 0, s.part[0]);
                  sink.part(0, 1, s.part[2]);
              }),
              "symmetry of parts: part0 and part2 have not the same bounds");
    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  sink.set("parts", 2);
                  sink.part(0, 0, s.wide[0]);
                  sink.part(0, 1, s.wide[1]);
              }),
              "symmetry of parts: a field of it is not described");
    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  sink.set("parts", 3);
                  sink.reference(0, s.name);
              }),
              "symmetry of parts: name cannot name all of its parts");
    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  for (const char* name : {"parts", "others"}) {
                      const std::size_t set = sink.set(name, 2);
                      sink.part(set, 0, s.part[0]);
                      sink.part(set, 1, s.part[1]);
                  }
              }),
              "symmetry of others: a field belongs to two parts, or to one of another set");
    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  sink.set("parts", 2);
                  sink.reference(0, s.name);
                  sink.reference(0, s.name);
              }),
              "symmetry of parts: a field is declared twice to name one of its parts");
    EXPECT_EQ(error_of([](const Parts& s, SymmetrySink& sink) {
                  sink.set("parts", 2);
                  sink.part(0, 0, s.part[0]);
                  sink.part(0, 1, s.part[1]);
                  sink.reference(0, s.part[1]);
              }),
              "symmetry of parts: a field of one part names a part, and that of another does not");
}

}  // namespace
}  // namespace vmemcheck::checker

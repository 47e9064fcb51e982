// SPDX-License-Identifier: MIT
// Counterexample files and ITF traces.
#include "cli/error.hpp"
#include "cli/itf.hpp"
#include "cli/replayer.hpp"
#include "cli/run_text.hpp"
#include "tests/fuzz/targets.hpp"

namespace vmemcheck::fuzz {

namespace {

using namespace vmemcheck::cli;

constexpr const char* name = "input";

/// What was taken must be taken again, and go as it went, when it is written.
void require_same(const std::string& written) {
    try {
        const CounterexampleFile file = parse_counterexample(name, written);
        bbm::with_model(file.config.scope, [&]<class M>(std::type_identity<M>) {
            const ReplayOutcome outcome = Replayer<M>(file).run();
            require(outcome.as_recorded, "what was written does not replay: " + outcome.why);
        });
    } catch (const UserError& error) {
        throw Broken(std::string("what was written is refused: ") + error.what());
    }
}

template <class M>
void replay_of(const CounterexampleFile& file) {
    Replayer<M> replayer(file);
    const ReplayOutcome outcome = replayer.run();
    require_clear(outcome.why);
    require(outcome.as_recorded || outcome.details.size() < 100'000, "megabytes of details");
    if (!replayer.replayed()) {
        require(!outcome.as_recorded, "as recorded, and nothing was replayed");
        return;
    }
    require(!run_text(replayer.model(), *replayer.replayed(), {true, {}}).empty(), "no text");
    if (!outcome.as_recorded) return;
    require_same(counterexample_text(replayer.model(), replayer.property(), *replayer.replayed()));
    // All fields of every state: long runs would take most of a fuzzer's time.
    constexpr std::size_t longest = 10;
    if (replayer.replayed()->steps.size() > longest) return;
    require_same(itf_text(replayer.model(), replayer.property(), *replayer.replayed()));
}

void replay(const CounterexampleFile& file) {
    bbm::with_model(file.config.scope, [&]<class M>(std::type_identity<M>) { replay_of<M>(file); });
}

template <class Read>
void read_and_replay(Read read) {
    try {
        replay(read());
    } catch (const UserError& error) {
        require_clear(error.what());
    }
}

}  // namespace

void counterexample(std::string_view input) {
    read_and_replay([&] { return parse_counterexample(name, std::string(input)); });
}

void itf(std::string_view input) {
    read_and_replay([&] {
        const std::string path = name;
        const Json json = parse_json(path, std::string(input));
        return read_itf(JsonPlace(path, json));
    });
}

}  // namespace vmemcheck::fuzz

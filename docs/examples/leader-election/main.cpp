// SPDX-License-Identifier: MIT
// leader-election [WORD...], see `usage`. Exit status 0: all is as expected; 1: a violation; 2: bad usage; 3: a limit
// or Ctrl-C ended the search.
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string_view>
#include <vector>

#include "checker/print.hpp"
#include "checker/search.hpp"
#include "election.hpp"

namespace {

namespace checker = vmemcheck::checker;
using checker::PropertyKind;
using examples::Election;

constexpr std::string_view usage =
    "it takes processes=2..7, lossy, no-resend, forward-all, live, losses-cease, weak, unfair, threads=0..64, "
    "seconds=N and states=N";

std::atomic<bool> interrupted{false};

struct Request {
    Election model;
    checker::SearchOptions options;
    bool live = false;
    checker::FairnessSet fairness = Election::all_run | Election::some_arrive;
};

/// The number after a prefix, if that is what the word is, and the number is in low .. high.
std::optional<std::uint64_t> number(std::string_view word, std::string_view prefix, std::uint64_t low,
                                    std::uint64_t high) {
    if (!word.starts_with(prefix)) return std::nullopt;
    word.remove_prefix(prefix.size());
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size() || value < low || value > high) return std::nullopt;
    return value;
}

/// Whether the word was understood.
bool take(std::string_view word, Request& request) {
    constexpr std::uint64_t many = 1'000'000'000;
    if (word == "lossy") {
        request.model.lossy = true;
    } else if (word == "no-resend") {
        request.model.resends = false;
    } else if (word == "forward-all") {
        request.model.forwards_all = true;
    } else if (word == "live") {
        request.live = true;
    } else if (word == "losses-cease") {
        request.fairness |= Election::losses_cease;
    } else if (word == "weak") {
        request.fairness = Election::all_run;
    } else if (word == "unfair") {
        request.fairness = 0;
    } else if (const auto processes = number(word, "processes=", 2, Election::most)) {
        request.model.processes = static_cast<unsigned>(*processes);
    } else if (const auto threads = number(word, "threads=", 0, 64)) {
        request.options.threads = static_cast<unsigned>(*threads);
    } else if (const auto seconds = number(word, "seconds=", 1, many)) {
        request.options.max_seconds = static_cast<double>(*seconds);
    } else if (const auto states = number(word, "states=", 1, many)) {
        request.options.max_states = *states;
    } else {
        return false;
    }
    return true;
}

std::vector<checker::Property<Election>> properties(const Request& request) {
    std::vector<checker::Property<Election>> all(2);
    all[0].id = "largest-wins";
    all[0].kind = PropertyKind::invariant;
    all[0].sentence = "nobody but the process with the largest number is a leader";
    all[0].holds = &Election::only_largest_leads;
    all[1].id = "no-deadlock";
    all[1].kind = PropertyKind::deadlock;
    if (!request.live) return all;
    all.emplace_back();
    all[2].id = "leader-in-the-end";
    all[2].kind = PropertyKind::always_eventually;
    all[2].sentence = "in the end there is a leader";
    all[2].holds = [](const Election&, const Election::State& state) { return Election::has_leader(state); };
    all[2].fairness = request.fairness;
    return all;
}

}  // namespace

int main(int argc, char** argv) {
    Request request;
    for (int i = 1; i < argc; ++i) {
        if (take(argv[i], request)) continue;
        std::cerr << "leader-election: " << usage << ", not '" << argv[i] << "'\n";
        return 2;
    }
    // The first Ctrl-C ends the search, which then says what it has found; the second ends the program.
    request.options.stop = &interrupted;
    std::signal(SIGINT, [](int signal) {
        interrupted = true;
        std::signal(signal, SIG_DFL);
    });
    request.options.progress = [](const checker::Progress& progress) {
        std::cerr << "\r" << progress.states << " states, depth " << progress.depth << ", "
                  << static_cast<std::uint64_t>(progress.rate) << " transitions/s" << std::flush;
    };

    const auto asked = properties(request);
    const auto result = checker::check(request.model, asked, request.options);
    std::cerr << '\r';
    std::cout << checker::result_text(request.model, asked, result);
    bool violated = false;
    for (const auto& verdict : result.verdicts) violated = violated || verdict.status == checker::Status::violated;
    return result.as_expected() ? 0 : violated || !result.model_error.empty() ? 1 : 3;
}

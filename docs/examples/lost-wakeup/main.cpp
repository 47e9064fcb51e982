// SPDX-License-Identifier: MIT
// lost-wakeup [no-recheck] [no-length-check] [lost-interrupts]: exit status 0: all is as expected; 1: a violation;
// 2: bad usage.
#include <iostream>
#include <string_view>
#include <vector>

#include "checker/print.hpp"
#include "checker/search.hpp"
#include "ring.hpp"

namespace {

namespace checker = vmemcheck::checker;
using checker::PropertyKind;
using examples::Ring;

checker::Property<Ring> property(const char* id, PropertyKind kind, const char* sentence,
                                 bool (*holds)(const Ring&, const Ring::State&)) {
    checker::Property<Ring> made;
    made.id = id;
    made.kind = kind;
    made.sentence = sentence;
    made.holds = holds;
    return made;
}

std::vector<checker::Property<Ring>> properties() {
    std::vector<checker::Property<Ring>> all{
        property("no-lost-wakeup", PropertyKind::deadlock, "the driver does not sleep while there is work", nullptr),
        property("all-handled", PropertyKind::end_state, "when nothing moves any more, every packet was handled",
                 [](const Ring&, const Ring::State& state) { return state.handled == 3; }),
        property("no-overflow", PropertyKind::assertion, "no packet is longer than the buffer it is copied to",
                 nullptr),
        // Situations: that they occur shows that the model does what it is meant to.
        property("ring-full", PropertyKind::reachability, "the ring is full",
                 [](const Ring&, const Ring::State& state) { return state.waiting == Ring::room; }),
        property("put-unnoticed", PropertyKind::reachability, "the driver finds a packet when it looks once more",
                 [](const Ring&, const Ring::State& state) {
                     return state.driver == Ring::recheck && state.waiting > 0 && state.woken == 0 &&
                            state.device == Ring::put;
                 }),
    };
    all[2].assertion = Ring::overflow;
    return all;
}

}  // namespace

int main(int argc, char** argv) {
    Ring model;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word(argv[i]);
        if (word == "no-recheck") {
            model.rechecks = false;
        } else if (word == "no-length-check") {
            model.checks_length = false;
        } else if (word == "lost-interrupts") {
            model.interrupts_get_lost = true;
        } else {
            std::cerr << "lost-wakeup: it takes no-recheck, no-length-check and lost-interrupts, not '" << word
                      << "'\n";
            return 2;
        }
    }
    const auto asked = properties();
    const auto result = checker::check(model, asked);
    std::cout << checker::result_text(model, asked, result);
    return result.as_expected() ? 0 : 1;
}

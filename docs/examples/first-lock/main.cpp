// SPDX-License-Identifier: MIT
// first-lock [atomic]: exit status 0: all is as expected; 1: a violation; 2: bad usage.
#include <iostream>
#include <string_view>
#include <vector>

#include "checker/print.hpp"
#include "checker/search.hpp"
#include "lock.hpp"

int main(int argc, char** argv) {
    namespace checker = vmemcheck::checker;
    using examples::Lock;
    const bool atomic = argc == 2 && std::string_view(argv[1]) == "atomic";
    if (argc > 1 && !atomic) {
        std::cerr << "first-lock: it takes the word 'atomic' or nothing, not '" << argv[argc - 1] << "'\n";
        return 2;
    }

    checker::Property<Lock> exclusion;
    exclusion.id = "mutual-exclusion";
    exclusion.kind = checker::PropertyKind::invariant;
    exclusion.sentence = "no two processes are inside";
    exclusion.holds = [](const Lock&, const Lock::State& state) {
        return state.pc[0] != Lock::inside || state.pc[1] != Lock::inside;
    };

    checker::Property<Lock> no_deadlock;
    no_deadlock.id = "no-deadlock";
    no_deadlock.kind = checker::PropertyKind::deadlock;

    const Lock model{atomic};
    const std::vector properties{exclusion, no_deadlock};
    const auto result = checker::check(model, properties);
    std::cout << checker::result_text(model, properties, result);
    return result.as_expected() ? 0 : 1;
}

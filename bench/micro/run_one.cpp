// SPDX-License-Identifier: MIT
// Does one workload, for who counts instructions: vmemcheck_workloads NAME prints what it did. --list: the names, with
// what they are measured by. --environment: what the counts depend on. Exit status: 0; 2: bad usage.
#include <gnu/libc-version.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "bench/micro/workload.hpp"

namespace vmemcheck::bench {

/// What valgrind's --toggle-collect names: nothing outside of it is counted.
[[gnu::noinline]] std::uint64_t measured(const Work& work) { return work(); }

namespace {

void print_environment() {
    std::printf("compiler\t%s\n", VMEMCHECK_COMPILER);
    std::printf("options\t%s\n", VMEMCHECK_OPTIONS);
    std::printf("libc\tglibc %s\n", gnu_get_libc_version());
}

int run(int argc, char** argv) {
    const std::string_view word = argc == 2 ? argv[1] : "";
    if (word == "--environment") {
        print_environment();
        return 0;
    }
    for (const Workload& workload : workloads()) {
        if (word == "--list") {
            std::printf("%s\t%s\t%llu\n", workload.name.data(), workload.item.data(),
                        static_cast<unsigned long long>(workload.items));
        } else if (word == workload.name) {
            const Work work = workload.prepare();
            std::printf("%llu\n", static_cast<unsigned long long>(measured(work)));
            return 0;
        }
    }
    if (word == "--list") return 0;
    std::fprintf(stderr, "vmemcheck_workloads: it takes the name of a workload, --list or --environment, not '%s'\n",
                 argc > 1 ? argv[1] : "");
    return 2;
}

}  // namespace
}  // namespace vmemcheck::bench

int main(int argc, char** argv) {
    try {
        return vmemcheck::bench::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vmemcheck_workloads: %s\n", error.what());
        return 3;
    }
}

// SPDX-License-Identifier: MIT
#include "cli/machine.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace vmemcheck::cli {

namespace {

/// The number a file begins with; false if it does not ("max").
bool number_in(const char* path, std::size_t& number) {
    std::ifstream file(path);
    return static_cast<bool>(file >> number);
}

}  // namespace

std::size_t available_memory() {
    std::size_t available = 0;
    std::ifstream meminfo("/proc/meminfo");
    for (std::string key; meminfo >> key;) {
        if (key == "MemAvailable:") {
            meminfo >> available;
            available *= 1024;
            break;
        }
        meminfo.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    std::size_t most = 0;
    std::size_t used = 0;
    if (number_in("/sys/fs/cgroup/memory.max", most) && number_in("/sys/fs/cgroup/memory.current", used)) {
        const std::size_t rest = most > used ? most - used : 1;
        available = available == 0 ? rest : std::min(available, rest);
    }
    return available;
}

}  // namespace vmemcheck::cli

// SPDX-License-Identifier: MIT
#include "tests/fuzz/targets.hpp"

#include <algorithm>

namespace vmemcheck::fuzz {

void require(bool so, const std::string& what) {
    if (!so) throw Broken(what);
}

void require_clear(const std::string& message) {
    constexpr std::size_t longest = 2000;
    require(!message.empty(), "an empty message");
    require(message.size() <= longest, "a message of " + std::to_string(message.size()) + " characters");
    const bool control = std::any_of(message.begin(), message.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
    require(!control, "a control character in: " + message);
}

}  // namespace vmemcheck::fuzz

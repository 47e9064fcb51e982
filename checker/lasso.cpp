// SPDX-License-Identifier: MIT
#include "checker/lasso.hpp"

namespace vmemcheck::checker {

std::string loop_text(std::size_t loop, std::size_t steps) {
    if (loop == steps) return "nothing happens after step " + std::to_string(steps);
    if (loop + 1 == steps) return "step " + std::to_string(steps) + " is taken again and again";
    return "steps " + std::to_string(loop + 1) + " to " + std::to_string(steps) + " are taken again and again";
}

}  // namespace vmemcheck::checker

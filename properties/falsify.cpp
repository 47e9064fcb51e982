// SPDX-License-Identifier: MIT
#include "properties/falsify.hpp"

#include <sstream>

namespace vmemcheck::properties {

std::optional<std::string> failure_of(const rc::detail::Property& property, const Amount& amount) {
    rc::detail::TestParams parameters;
    parameters.seed = amount.seed;
    parameters.maxSuccess = amount.runs;
    parameters.maxSize = amount.size;
    parameters.maxDiscardRatio = amount.discards;
    parameters.disableShrinking = !amount.shrinking;
    const rc::detail::TestResult result = rc::detail::checkProperty(property, rc::detail::TestMetadata{}, parameters);
    if (result.is<rc::detail::SuccessResult>()) return std::nullopt;
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    return text.str();
}

}  // namespace vmemcheck::properties

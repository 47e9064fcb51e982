// SPDX-License-Identifier: MIT
/// \file
/// Which fields of a state belong together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vmemcheck::checker {

/// Divides fields into groups so that the groups take few different values, summed up, in the states of a sample: what
/// depends on each other comes together, what does not is kept apart. Pairs of groups are united, the pair first that
/// adds least, until no more groups are left than wanted. If groups that fit one word each take no more than a quarter
/// more values, and each at most half as many as there are states, it is those: leaves of one word are made and found
/// sooner.
///
/// \param values of each field, its value in each state of the sample, as many for all
/// \param bits of each field, in a packed state
/// \param groups wanted, at least 1
/// \return of each field, the number of its group, less than `groups`. Depends on the sample only.
[[nodiscard]] std::vector<unsigned> group_fields(std::span<const std::vector<std::int16_t>> values,
                                                 std::span<const unsigned> bits, unsigned groups);

}  // namespace vmemcheck::checker

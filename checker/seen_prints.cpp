// SPDX-License-Identifier: MIT
#include "checker/seen_prints.hpp"

#include <algorithm>
#include <cmath>

namespace vmemcheck::checker {

namespace {

constexpr unsigned most_home_bits = 32;

}  // namespace

SeenPrints::SeenPrints(const Approximation& how, MemoryBudget& budget)
    : kept_bits_(how.hash_bits), rest_bits_(how.hash_bits > most_home_bits ? how.hash_bits - most_home_bits : 0) {
    if (how.hash_bits != 0) {
        RestForm form;
        form.used[0] = rest_bits_;
        table_.emplace(kept_bits_ - rest_bits_, form, budget);
        ready_ = table_->ready();
    } else {
        ready_ = bits_.allocate(how.array_bytes, how.array_hashes, budget);
    }
}

double SeenPrints::omission(std::uint64_t states) const {
    const double print =
        table_ ? std::ldexp(static_cast<double>(states), -static_cast<int>(kept_bits_)) : bits_.false_positive();
    return std::min(1.0, print);
}

double SeenPrints::any_omission(std::uint64_t states) const {
    const double each = omission(states);
    // With a table the probability rises evenly from none.
    const double sum = static_cast<double>(states) * each * (table_ ? 0.5 : 1.0);
    return std::min(1.0, sum);
}

void SeenPrints::save(ArchiveWriter& to, unsigned part, std::span<const std::uint64_t> without) const {
    if (!table_) return;
    std::vector<Key> keys;
    for (const std::uint64_t print : without) keys.push_back(key_of(print));
    table_->save(to, part, keys);
}

void SeenPrints::save_rest(ArchiveWriter& to) const {
    if (!table_) bits_.save(to);
}

bool SeenPrints::load(ArchiveReader& from) {
    if (!table_) {
        bits_.load(from);
        return true;
    }
    for (unsigned part = 0; part < parts(); ++part) {
        if (!table_->load(from, part)) return false;
    }
    return true;
}

}  // namespace vmemcheck::checker

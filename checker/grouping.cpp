// SPDX-License-Identifier: MIT
#include "checker/grouping.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace vmemcheck::checker {

namespace {

/// Some fields, and of each state of the sample the number of the value they have there.
struct Group {
    std::vector<std::size_t> fields;
    std::vector<std::uint32_t> value;
    std::uint32_t values = 0;
    unsigned bits = 0;
};

/// Numbers pairs as they are seen first.
class PairNumbers {
 public:
    explicit PairNumbers(std::size_t most) {
        while (slots_.size() < 4 * most) slots_.resize(std::max<std::size_t>(16, slots_.size() * 2));
    }
    void begin() {
        ++round_;
        count_ = 0;
    }
    std::uint32_t number(std::uint32_t a, std::uint32_t b) {
        const std::uint64_t pair = static_cast<std::uint64_t>(a) << 32 | b;
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t at = (pair * 0x9e3779b97f4a7c15ULL) >> 32 & mask;; at = (at + 1) & mask) {
            Slot& slot = slots_[at];
            if (slot.round != round_) {
                slot = {pair, round_, count_};
                return count_++;
            }
            if (slot.pair == pair) return slot.number;
        }
    }
    [[nodiscard]] std::uint32_t count() const { return count_; }

 private:
    struct Slot {
        std::uint64_t pair = 0;
        std::uint32_t round = 0;
        std::uint32_t number = 0;
    };
    std::vector<Slot> slots_;
    std::uint32_t round_ = 0;
    std::uint32_t count_ = 0;
};

class Grouping {
 public:
    Grouping(std::span<const std::vector<std::int16_t>> values, std::span<const unsigned> bits)
        : states_(values.empty() ? 0 : values.front().size()), numbers_(std::max<std::size_t>(states_, 1)) {
        for (std::size_t field = 0; field < values.size(); ++field) {
            Group group;
            group.fields = {field};
            group.bits = bits[field];
            numbers_.begin();
            for (const std::int16_t value : values[field]) {
                group.value.push_back(numbers_.number(0, static_cast<std::uint16_t>(value)));
            }
            group.values = numbers_.count();
            groups_.push_back(std::move(group));
        }
        added_.resize(groups_.size(), std::vector<std::int64_t>(groups_.size()));
        for (std::size_t a = 0; a < groups_.size(); ++a) {
            for (std::size_t b = a + 1; b < groups_.size(); ++b) added_[a][b] = cost(a, b);
        }
    }

    /// Unites two groups, of those that have no more than so many bits together. \return false if there are none
    bool unite_least(unsigned most_bits) {
        std::size_t first = 0;
        std::size_t second = 0;
        for (std::size_t a = 0; a < groups_.size(); ++a) {
            for (std::size_t b = a + 1; b < groups_.size(); ++b) {
                if (groups_[a].bits + groups_[b].bits > most_bits) continue;
                if (second == 0 || added_[a][b] < added_[first][second]) {
                    first = a;
                    second = b;
                }
            }
        }
        if (second == 0) return false;
        Group& into = groups_[first];
        Group& from = groups_[second];
        numbers_.begin();
        for (std::size_t i = 0; i < states_; ++i) into.value[i] = numbers_.number(into.value[i], from.value[i]);
        into.values = numbers_.count();
        into.bits += from.bits;
        into.fields.insert(into.fields.end(), from.fields.begin(), from.fields.end());
        groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(second));
        added_.erase(added_.begin() + static_cast<std::ptrdiff_t>(second));
        for (auto& row : added_) row.erase(row.begin() + static_cast<std::ptrdiff_t>(second));
        for (std::size_t b = 0; b < groups_.size(); ++b) {
            if (b != first) added_[std::min(first, b)][std::max(first, b)] = cost(first, b);
        }
        return true;
    }

    /// Unites until there are so many groups, or none can be united.
    void unite(unsigned groups, unsigned most_bits) {
        while (groups_.size() > groups && unite_least(most_bits)) {
        }
    }

    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
    /// Of all groups, summed up.
    [[nodiscard]] std::uint64_t values() const {
        std::uint64_t sum = 0;
        for (const Group& group : groups_) sum += group.values;
        return sum;
    }

 private:
    /// Values that uniting two groups adds; negative if it saves some.
    std::int64_t cost(std::size_t a, std::size_t b) {
        const Group& one = groups_[a];
        const Group& other = groups_[b];
        numbers_.begin();
        for (std::size_t i = 0; i < states_; ++i) numbers_.number(one.value[i], other.value[i]);
        return static_cast<std::int64_t>(numbers_.count()) - one.values - other.values;
    }

    std::size_t states_;
    PairNumbers numbers_;
    std::vector<Group> groups_;
    std::vector<std::vector<std::int64_t>> added_;  ///< [a][b] of a < b: see cost()
};

}  // namespace

std::vector<unsigned> group_fields(std::span<const std::vector<std::int16_t>> values, std::span<const unsigned> bits,
                                   unsigned groups) {
    constexpr unsigned word_bits = 64;
    Grouping grouping(values, bits);
    Grouping in_words = grouping;
    grouping.unite(groups, ~0U);
    in_words.unite(groups, word_bits);
    // Leaves of one word are not worth many more of them. A group that has another value in most states of the sample
    // may have any number of them.
    const bool all_seen = std::all_of(in_words.groups().begin(), in_words.groups().end(),
                                      [](const Group& group) { return group.values <= group.value.size() / 2; });
    if (in_words.groups().size() <= groups && all_seen &&
        in_words.values() <= grouping.values() + grouping.values() / 4) {
        grouping = std::move(in_words);
    }
    std::vector<unsigned> result(values.size());
    for (unsigned group = 0; group < grouping.groups().size(); ++group) {
        for (const std::size_t field : grouping.groups()[group].fields) result[field] = group;
    }
    return result;
}

}  // namespace vmemcheck::checker

// SPDX-License-Identifier: MIT
#include "checker/state_keys.hpp"

#include <bit>
#include <cstddef>
#include <span>

namespace vmemcheck::checker {

StateKeys::StateKeys(const Packer& packer, MemoryBudget& budget) {
    if (packer.words() == 1) {
        home_bits_ = std::clamp(packer.bits(), 1U, 32U);
        rest_bits_ = packer.bits() > home_bits_ ? packer.bits() - home_bits_ : 0;
    } else {
        const std::span<const unsigned> groups = packer.group_begin();
        const auto count = static_cast<unsigned>(groups.size() - 1);
        leaves_ = std::min(count, most_leaves);
        core_bits_ = leaves_ == 2 ? 15 : 10;
        part_bits_ = 64 / leaves_;
        core_mask_ = static_cast<std::uint32_t>(low_bits(core_bits_));
        part_mask_ = low_bits(part_bits_);
        home_bits_ = leaves_ * core_bits_;
        short_leaves_ = leaves_ == packer.words();
        const unsigned number_bits = std::min(core_bits_ + part_bits_, 32U);
        for (unsigned i = 0; i < leaves_; ++i) {
            begin_[i + 1] = groups[(std::size_t{count} * (i + 1) + leaves_ - 1) / leaves_];
            for (unsigned word = begin_[i]; word < begin_[i + 1]; ++word) marks_[i] |= std::uint64_t{1} << (word % 64);
            tables_[i] = std::make_unique<LeafTable>(begin_[i + 1] - begin_[i],
                                                     static_cast<std::uint32_t>(low_bits(number_bits)), budget);
        }
    }
    mixer_ = Mixer(home_bits_);
}

RestForm StateKeys::form() const {
    RestForm form;
    if (plain()) {
        form.used[0] = rest_bits_;
        return form;
    }
    form.parts = leaves_;
    for (unsigned i = 0; i < leaves_; ++i) {
        const auto bits = static_cast<unsigned>(std::bit_width(tables_[i]->size()));
        form.used[i] = bits > core_bits_ ? bits - core_bits_ : 0;
    }
    return form;
}

bool StateKeys::key_of(const std::uint64_t* packed, Key& key) {
    if (plain()) {
        key = key_of_word(packed[0]);
        return true;
    }
    return key_of_leaves(packed, ~std::uint64_t{0}, {}, key);
}

std::uint32_t StateKeys::number_of(unsigned leaf, std::uint64_t value, RecentLeaves::Entry& entry) {
    entry = {value, tables_[leaf]->number(&value)};
    return entry.number;
}

void StateKeys::settle() {
    for (unsigned i = 0; i < leaves_; ++i) tables_[i]->settle();
}

void StateKeys::save(ArchiveWriter& to) const {
    for (unsigned i = 0; i < leaves_; ++i) tables_[i]->save(to);
}

bool StateKeys::load(ArchiveReader& from) {
    for (unsigned i = 0; i < leaves_; ++i) {
        if (!tables_[i]->load(from)) return false;
    }
    return true;
}

}  // namespace vmemcheck::checker

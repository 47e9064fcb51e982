// SPDX-License-Identifier: MIT
#include "checker/packer.hpp"

#include <algorithm>
#include <numeric>

namespace vmemcheck::checker {

namespace {

/// Of each field, its word, if words are filled up to a limit of bits. \return the words needed
unsigned fill(std::span<const FieldInfo> fields, unsigned limit, std::vector<unsigned>& words) {
    words.clear();
    unsigned word = 0;
    unsigned used = 0;
    for (const FieldInfo& field : fields) {
        const unsigned width = width_of(field);
        if (used + width > limit) {
            ++word;
            used = 0;
        }
        words.push_back(word);
        used += width;
    }
    return word + 1;
}

}  // namespace

Packer::Packer(std::span<const FieldInfo> fields, std::size_t state_bytes, unsigned one_word_bits) {
    unsigned most = 0;
    for (const FieldInfo& field : fields) {
        bits_ += width_of(field);
        most = std::max(most, width_of(field));
    }
    std::vector<unsigned> words;
    unsigned count = fill(fields, word_size, words);
    if (bits_ > one_word_bits) {
        // As many words, or two, filled as evenly as the fields allow.
        const unsigned wanted = std::max(count, 2U);
        unsigned limit = std::max((bits_ + wanted - 1) / wanted, most);
        while (fill(fields, limit, words) > wanted) ++limit;
        count = fill(fields, limit, words);
    }
    word_bits_.resize(count);
    for (unsigned i = 0; i <= count; ++i) group_begin_.push_back(i);
    set_slots(fields, state_bytes, words);
}

Packer::Packer(std::span<const FieldInfo> fields, std::size_t state_bytes, std::span<const unsigned> group) {
    std::vector<unsigned> words(fields.size());
    const unsigned groups = *std::max_element(group.begin(), group.end()) + 1;
    for (unsigned g = 0; g < groups; ++g) {
        auto word = static_cast<unsigned>(word_bits_.size());
        group_begin_.push_back(word);
        unsigned used = 0;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (group[i] != g) continue;
            if (used + width_of(fields[i]) > word_size) {
                ++word;
                used = 0;
            }
            words[i] = word;
            used += width_of(fields[i]);
            bits_ += width_of(fields[i]);
        }
        word_bits_.resize(word + 1);
    }
    group_begin_.push_back(this->words());
    set_slots(fields, state_bytes, words);
}

std::vector<std::uint64_t> Packer::bits_of_bytes(std::size_t state_bytes) const {
    std::vector<std::uint64_t> bits(state_bytes * words());
    for (const Slot& slot : slots_) {
        for (unsigned byte = 0; byte < slot.size; ++byte) {
            bits[(slot.offset + byte) * words() + slot.word] |= std::uint64_t{slot.mask} << slot.shift;
        }
    }
    return bits;
}

void Packer::set_slots(std::span<const FieldInfo> fields, std::size_t state_bytes, std::span<const unsigned> words) {
    at_byte_.resize(state_bytes + sizeof(std::uint64_t));
    at_bit_.resize(word_bits_.size() * word_size);
    std::vector<std::size_t> by_offset(fields.size());
    std::iota(by_offset.begin(), by_offset.end(), std::size_t{0});
    std::sort(by_offset.begin(), by_offset.end(),
              [&](std::size_t a, std::size_t b) { return fields[a].offset < fields[b].offset; });
    for (const std::size_t i : by_offset) {
        const FieldInfo& field = fields[i];
        unsigned& used = word_bits_[words[i]];
        const unsigned width = width_of(field);
        Slot slot;
        slot.offset = static_cast<std::uint32_t>(field.offset);
        slot.word = static_cast<std::uint16_t>(words[i]);
        // A field of no bits may come when a word is full.
        slot.shift = static_cast<std::uint8_t>(width == 0 ? 0 : used);
        slot.size = static_cast<std::uint8_t>(field.size);
        slot.low = static_cast<std::int16_t>(field.low);
        slot.range = static_cast<std::uint16_t>(field.high - field.low);
        slot.mask = static_cast<std::uint16_t>((1U << width) - 1);
        slot.field = static_cast<std::uint16_t>(i);
        used += width;
        for (std::size_t byte = 0; byte < field.size; ++byte) at_byte_[field.offset + byte] = slot;
        std::fill_n(at_bit_.begin() + std::ptrdiff_t{words[i]} * word_size + slot.shift, width, slot);
        slots_.push_back(slot);
    }
}

int Packer::pack_bytes(const unsigned char* state, std::uint64_t* words) const {
    std::fill_n(words, word_bits_.size(), std::uint64_t{0});
    int bad = -1;
    const auto put = [&](const Slot& slot) {
        const auto code = static_cast<std::uint32_t>(value(state, slot) - slot.low);
        if (code > slot.range) {
            if (bad < 0 || slot.field < bad) bad = slot.field;
            return;
        }
        words[slot.word] |= static_cast<std::uint64_t>(code) << slot.shift;
    };
    for (const Slot& slot : slots_) put(slot);
    return bad;
}

}  // namespace vmemcheck::checker

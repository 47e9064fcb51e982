// SPDX-License-Identifier: MIT
#include "checker/layout.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace vmemcheck::checker {

std::string value_text(const FieldInfo& field, int value) {
    const long index = static_cast<long>(value) - field.low;
    if (index >= 0 && static_cast<std::size_t>(index) < field.names.size()) {
        return std::string(field.names[static_cast<std::size_t>(index)]);
    }
    return std::to_string(value);
}

Layout::Layout(std::vector<FieldInfo> fields, std::size_t state_bytes) : fields_(std::move(fields)) {
    error_ = complaint(state_bytes);
    if (!error_.empty()) return;

    slot_at_.assign(state_bytes + sizeof(std::uint64_t), no_slot);
    std::size_t bit = 0;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const FieldInfo& field = fields_[i];
        const auto range = static_cast<unsigned>(field.high - field.low);
        const auto width = static_cast<unsigned>(std::bit_width(range));
        const Slot slot{static_cast<std::uint32_t>(field.offset), static_cast<std::int16_t>(field.low),
                        static_cast<std::uint16_t>(range),        static_cast<std::uint16_t>((1U << width) - 1U),
                        static_cast<std::uint16_t>(bit / 32),     static_cast<std::uint8_t>(bit % 32),
                        static_cast<std::uint8_t>(field.size)};
        slots_.push_back(slot);
        (field.size == 1 ? byte_slots_ : short_slots_).push_back(slot);
        for (std::size_t byte = 0; byte < field.size; ++byte) {
            slot_at_[field.offset + byte] = static_cast<std::uint16_t>(i);
        }
        bit += width;
    }
    bits_ = static_cast<unsigned>(bit);
    words_ = std::max(1U, (bits_ + 31U) / 32U);
    // A field of no bits after the last word would be looked up one word too far.
    for (auto* slots : {&slots_, &byte_slots_, &short_slots_}) {
        for (Slot& slot : *slots) {
            if (slot.word >= words_) slot.word = 0;
        }
    }
}

std::string Layout::complaint(std::size_t state_bytes) const {
    if (fields_.empty()) return "the model describes no fields";
    if (fields_.size() >= no_slot) return "the model describes more than 65534 fields";
    std::vector<int> owner(state_bytes, -1);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const FieldInfo& field = fields_[i];
        if (field.size != 1 && field.size != 2) return "field " + field.name + " is not 1 or 2 bytes long";
        if (field.offset > state_bytes || field.size > state_bytes - field.offset) {
            return "field " + field.name + " is not inside the state";
        }
        if (field.low > field.high) return "field " + field.name + " has low > high";
        const int least =
            field.size == 1 ? std::numeric_limits<std::int8_t>::min() : std::numeric_limits<std::int16_t>::min();
        const int most =
            field.size == 1 ? std::numeric_limits<std::int8_t>::max() : std::numeric_limits<std::int16_t>::max();
        if (field.low < least || field.high > most) return "field " + field.name + " is too small for its bounds";
        for (std::size_t byte = field.offset; byte < field.offset + field.size; ++byte) {
            if (owner[byte] >= 0) {
                return "fields " + fields_[static_cast<std::size_t>(owner[byte])].name + " and " + field.name +
                       " overlap";
            }
            owner[byte] = static_cast<int>(i);
        }
    }
    return {};
}

int Layout::find(std::string_view name) const {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (fields_[i].name == name) return static_cast<int>(i);
    }
    return -1;
}

int Layout::pack_bytes(const unsigned char* state, std::uint32_t* packed) const {
    std::fill_n(packed, buffer_words(), 0U);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (!put(state, slots_[i], packed)) return static_cast<int>(i);
    }
    return -1;
}

void Layout::unpack_bytes(const std::uint32_t* packed, unsigned char* state) const {
    const auto value = [packed](const Slot& slot) {
        return slot.low + static_cast<int>((window(packed, slot) >> slot.shift) & slot.mask);
    };
    for (const Slot& slot : byte_slots_) state[slot.offset] = static_cast<unsigned char>(value(slot));
    for (const Slot& slot : short_slots_) {
        const auto narrow = static_cast<std::int16_t>(value(slot));
        std::memcpy(state + slot.offset, &narrow, sizeof narrow);
    }
}

int Layout::check_bytes(const unsigned char* state) const {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const int value = load(state, slots_[i]);
        if (value < fields_[i].low || value > fields_[i].high) return static_cast<int>(i);
    }
    return -1;
}

std::vector<FieldChange> Layout::diff_bytes(const unsigned char* before, const unsigned char* after) const {
    std::vector<FieldChange> changes;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const int a = load(before, slots_[i]);
        const int b = load(after, slots_[i]);
        if (a != b) changes.push_back({i, a, b});
    }
    return changes;
}

}  // namespace vmemcheck::checker

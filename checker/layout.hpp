// SPDX-License-Identifier: MIT
/// \file
/// How a state is packed to bits, unpacked, compared and printed. All of it follows from the fields a model describes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "checker/field_bytes.hpp"
#include "checker/hash.hpp"
#include "checker/model.hpp"

namespace vmemcheck::checker {

/// One field that differs between two states.
struct FieldChange {
    std::size_t field{};  ///< index into Layout::fields()
    int before{};         ///< its value in the one
    int after{};          ///< and in the other
};

/// The text of a value of a field: its name if it has one, the number otherwise.
[[nodiscard]] std::string value_text(const FieldInfo& field, int value);

/// Packs a state into 32-bit words, each field in the least number of bits that holds high - low, in the order of
/// description. A packed state is words() words long; pack(), repack() and unpack() touch one word more, so a buffer
/// for them has buffer_words() words.
class Layout {
 public:
    /// An empty layout; error() says that it has no fields.
    Layout() = default;

    /// \param fields what Model::describe reported
    /// \param state_bytes sizeof(State)
    /// Does not throw for wrong fields: error() then says what is wrong and the layout must not be used.
    Layout(std::vector<FieldInfo> fields, std::size_t state_bytes);

    /// Empty when the layout can be used.
    [[nodiscard]] const std::string& error() const { return error_; }
    /// In the order of description.
    [[nodiscard]] std::span<const FieldInfo> fields() const { return fields_; }
    /// Index of the field of that name, or -1.
    [[nodiscard]] int find(std::string_view name) const;
    /// Bits in use in a packed state.
    [[nodiscard]] unsigned bits() const { return bits_; }
    /// 32-bit words of a packed state, at least 1.
    [[nodiscard]] unsigned words() const { return words_; }
    /// Words a buffer given to pack, repack or unpack must have.
    [[nodiscard]] unsigned buffer_words() const { return words_ + 1; }
    /// Bytes of a packed state, a multiple of 4.
    [[nodiscard]] std::size_t packed_bytes() const { return words_ * sizeof(std::uint32_t); }

    /// Packs a whole state.
    /// \param packed buffer_words() words, all of them overwritten
    /// \return -1, or the index of the first field whose value is outside [low, high] (packed is then useless)
    template <class State>
    [[nodiscard]] int pack(const State& state, std::uint32_t* packed) const {
        return pack_bytes(bytes_of(state), packed);
    }

    /// Packs a state that differs little from one whose packed form is known; costs about one comparison a word of
    /// the state and a few operations a field that changed.
    /// \param packed on entry the packed form of `before`, on return that of `after`
    /// \return as pack(); only fields that changed are looked at
    template <class State>
    [[nodiscard]] int repack(const State& before, const State& after, std::uint32_t* packed) const;

    /// Sets every described field of the state; leaves other bytes as they are.
    /// \param packed words() words of a packed state and one more that can be read
    template <class State>
    void unpack(const std::uint32_t* packed, State& state) const {
        unpack_bytes(packed, reinterpret_cast<unsigned char*>(&state));
    }

    /// The first field outside its bounds, or -1.
    template <class State>
    [[nodiscard]] int check(const State& state) const {
        return check_bytes(bytes_of(state));
    }

    /// The value of a field of a state.
    template <class State>
    [[nodiscard]] int get(const State& state, std::size_t field) const {
        return load(bytes_of(state), slots_[field]);
    }

    /// Sets a field of a state. The value must fit the field's 1 or 2 bytes; it may lie outside [low, high].
    template <class State>
    void set(State& state, std::size_t field, int value) const {
        store(reinterpret_cast<unsigned char*>(&state), slots_[field], value);
    }

    /// The fields in which two states differ, in the order of description.
    template <class State>
    [[nodiscard]] std::vector<FieldChange> diff(const State& before, const State& after) const {
        return diff_bytes(bytes_of(before), bytes_of(after));
    }

    /// Whether all described fields are equal.
    template <class State>
    [[nodiscard]] bool equal(const State& a, const State& b) const {
        return diff(a, b).empty();
    }

    /// "name = value" of one field, for messages.
    template <class State>
    [[nodiscard]] std::string field_text(const State& state, std::size_t field) const {
        return fields_[field].name + " = " + value_text(fields_[field], get(state, field));
    }

 private:
    /// Where a field is in the state and in the packed words.
    struct Slot {
        std::uint32_t offset;  ///< bytes into the state
        std::int16_t low;
        std::uint16_t range;  ///< high - low
        std::uint16_t mask;   ///< the field's bits, unshifted
        std::uint16_t word;   ///< first packed word
        std::uint8_t shift;   ///< bit in that word, 0..31; the field may reach into the next word
        std::uint8_t size;    ///< 1 or 2 bytes
    };
    static constexpr std::uint16_t no_slot = 0xffff;

    template <class State>
    static const unsigned char* bytes_of(const State& state) {
        static_assert(std::is_trivially_copyable_v<State>);
        return reinterpret_cast<const unsigned char*>(&state);
    }
    static int load(const unsigned char* state, const Slot& slot) { return load_field(state, slot.offset, slot.size); }
    static void store(unsigned char* state, const Slot& slot, int value) {
        store_field(state, slot.offset, slot.size, value);
    }
    static std::uint64_t window(const std::uint32_t* packed, const Slot& slot) {
        return static_cast<std::uint64_t>(packed[slot.word]) | static_cast<std::uint64_t>(packed[slot.word + 1U]) << 32;
    }
    /// Puts the value of a field into its place; false if it is out of bounds.
    static bool put(const unsigned char* state, const Slot& slot, std::uint32_t* packed) {
        const auto code = static_cast<std::uint32_t>(load(state, slot) - slot.low);
        const std::uint64_t mask = static_cast<std::uint64_t>(slot.mask) << slot.shift;
        const std::uint64_t bits = static_cast<std::uint64_t>(code & slot.mask) << slot.shift;
        const std::uint64_t value = (window(packed, slot) & ~mask) | bits;
        packed[slot.word] = static_cast<std::uint32_t>(value);
        packed[slot.word + 1U] = static_cast<std::uint32_t>(value >> 32);
        return code <= slot.range;
    }
    /// Packs the fields that have a byte in `changed`, eight bytes of the state from `base` on. \return as pack()
    int put_changed(const unsigned char* after, std::size_t base, std::uint64_t changed, std::uint32_t* packed) const {
        do {
            const auto bit = static_cast<unsigned>(
                std::endian::native == std::endian::little ? std::countr_zero(changed) : std::countl_zero(changed));
            const unsigned byte = bit / 8;
            const unsigned place = std::endian::native == std::endian::little ? byte : 7 - byte;
            // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): some bit is set, so place < 8
            changed &= ~(0xffULL << (8 * place));
            const std::uint16_t index = slot_at_[base + byte];
            if (index == no_slot) continue;
            if (!put(after, slots_[index], packed)) return index;
        } while (changed != 0);
        return -1;
    }

    int pack_bytes(const unsigned char* state, std::uint32_t* packed) const;
    void unpack_bytes(const std::uint32_t* packed, unsigned char* state) const;
    int check_bytes(const unsigned char* state) const;
    std::vector<FieldChange> diff_bytes(const unsigned char* before, const unsigned char* after) const;
    std::string complaint(std::size_t state_bytes) const;

    std::vector<FieldInfo> fields_;
    std::string error_ = "the model describes no fields";
    std::vector<Slot> slots_;             ///< one a field
    std::vector<Slot> byte_slots_;        ///< those of the 1-byte fields
    std::vector<Slot> short_slots_;       ///< those of the 2-byte fields
    std::vector<std::uint16_t> slot_at_;  ///< a byte of the state -> index into slots_, or no_slot
    unsigned bits_ = 0;
    unsigned words_ = 1;
};

template <class State>
int Layout::repack(const State& before, const State& after, std::uint32_t* packed) const {
    constexpr std::size_t step = 4 * sizeof(std::uint64_t);
    constexpr std::size_t size = sizeof(State);
    const unsigned char* const a = bytes_of(before);
    const unsigned char* const b = bytes_of(after);
    std::size_t base = 0;
    for (; base + step <= size; base += step) {
        std::array<std::uint64_t, 4> x{};
        std::array<std::uint64_t, 4> y{};
        std::memcpy(x.data(), a + base, step);
        std::memcpy(y.data(), b + base, step);
        for (unsigned i = 0; i < 4; ++i) x[i] ^= y[i];
        if ((x[0] | x[1] | x[2] | x[3]) == 0) continue;
        for (unsigned i = 0; i < 4; ++i) {
            if (x[i] == 0) continue;
            if (const int bad = put_changed(b, base + i * sizeof(std::uint64_t), x[i], packed); bad >= 0) return bad;
        }
    }
    for (; base < size; base += sizeof(std::uint64_t)) {
        const std::size_t rest = size - base < sizeof(std::uint64_t) ? size - base : sizeof(std::uint64_t);
        std::uint64_t x = 0;
        std::uint64_t y = 0;
        std::memcpy(&x, a + base, rest);
        std::memcpy(&y, b + base, rest);
        if (x == y) continue;
        if (const int bad = put_changed(b, base, x ^ y, packed); bad >= 0) return bad;
    }
    return -1;
}

/// The layout of a model's states.
/// \param sample any state, for instance an initial one: describe() needs an object to take addresses in
template <Model M>
[[nodiscard]] Layout layout_of(const M& model, const typename M::State& sample) {
    FieldSink sink(&sample);
    model.describe(sample, sink);
    return Layout(sink.take(), sizeof(typename M::State));
}

}  // namespace vmemcheck::checker

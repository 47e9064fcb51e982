// SPDX-License-Identifier: MIT
/// \file
/// The states of a level of a search, as they wait to be expanded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "checker/archive.hpp"
#include "checker/block.hpp"
#include "checker/keys.hpp"
#include "checker/low_bytes.hpp"
#include "checker/memory.hpp"

namespace vmemcheck::checker {

/// How states wait, one after the other: the home of each key, then its rest, each in whole bytes. A state that is its
/// own key waits as its packed word, with which more can be done: that has the place of the rest, and there is no home.
struct KeyFormat {
    RestForm form;
    unsigned home_bytes = 4;
    unsigned rest_bytes = 0;

    KeyFormat() = default;
    KeyFormat(unsigned home_bits, const RestForm& form_)
        : form(form_), home_bytes((home_bits + 7) / 8), rest_bytes((form_.bits() + 7) / 8) {}
    /// That of packed words. \param bits of a word, 0 to 64
    [[nodiscard]] static KeyFormat of_words(unsigned bits) {
        RestForm form;
        form.used[0] = std::max(bits, 1U);  // a word takes a byte at least
        return {0, form};
    }

    [[nodiscard]] unsigned bytes() const { return home_bytes + rest_bytes; }
    /// Whether it is one: what was read from a file may not be.
    [[nodiscard]] bool valid() const {
        return form.valid() && home_bytes <= sizeof(Key::home) && rest_bytes == (form.bits() + 7) / 8 && bytes() >= 1;
    }
    /// Whether it is that of packed words.
    [[nodiscard]] bool has_words() const { return home_bytes == 0; }
    void append(std::vector<unsigned char>& to, const Key& key) const {
        to.resize(to.size() + bytes());
        write(to.data() + to.size() - bytes(), key);
    }
    /// Writes bytes() bytes.
    void write(unsigned char* to, const Key& key) const {
        store_low(to, key.home, home_bytes);
        store_low(to + home_bytes, form.squeeze(key.rest), rest_bytes);
    }
    [[nodiscard]] Key read(const unsigned char* from) const {
        return {form.restore(load_low(from + home_bytes, rest_bytes)),
                static_cast<std::uint32_t>(load_low(from, home_bytes))};
    }

    friend bool operator==(const KeyFormat&, const KeyFormat&) = default;
};

/// A queue of keys, in blocks of a size.
class KeyQueue {
 public:
    /// A run of keys that lie one after the other.
    struct Run {
        const KeyFormat* format = nullptr;
        const unsigned char* bytes = nullptr;
        std::uint32_t count = 0;

        [[nodiscard]] Key operator[](std::uint32_t i) const {
            return format->read(bytes + std::size_t{i} * format->bytes());
        }
    };

    /// \param budget must outlive the queue
    explicit KeyQueue(MemoryBudget& budget) : budget_(&budget) {}

    /// Where keys are to be written, one after the other: from `at` up to `end`, which may be none, then from `go_on`.
    struct Room {
        unsigned char* at = nullptr;
        unsigned char* end = nullptr;
        unsigned char* go_on = nullptr;
    };

    /// Appends keys written in a format. \return false if there is no memory
    [[nodiscard]] bool append(const KeyFormat& format, std::span<const unsigned char> keys);
    /// Appends keys that are written later, but before anything else is done with them. \return false if there is no
    /// memory
    [[nodiscard]] bool extend(const KeyFormat& format, std::uint32_t count, Room& room);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// At most `most` keys that lie one after the other, beginning with key `from`, which is less than size().
    [[nodiscard]] Run run(std::uint64_t from, std::uint32_t most) const;
    /// Removes the first keys; runs stay valid until then.
    void pop(std::uint64_t count);
    void swap(KeyQueue& other) noexcept;
    /// Removes the last keys: so many are left.
    void cut_to(std::uint64_t size);

    void save(ArchiveWriter& to) const;
    /// Reads what was saved into an empty queue. \param words the keys must be packed words; or else none may be
    /// \return false if there is no memory
    [[nodiscard]] bool load(ArchiveReader& from, bool words);

 private:
    struct Block {
        KeyFormat format;
        std::uint32_t count = 0;
        ByteBlock bytes;
    };

    MemoryBudget* budget_;
    std::deque<Block> blocks_;
    std::uint64_t popped_ = 0;  ///< keys of the first block
    std::uint64_t size_ = 0;
};

}  // namespace vmemcheck::checker

// SPDX-License-Identifier: MIT
#include "checker/key_queue.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace vmemcheck::checker {

bool KeyQueue::extend(const KeyFormat& format, std::uint32_t count, Room& room) {
    const std::size_t key_bytes = format.bytes();
    std::uint32_t fit = 0;
    if (!blocks_.empty() && blocks_.back().format == format) {
        const std::size_t free = blocks_.back().bytes.room() / key_bytes;
        fit = static_cast<std::uint32_t>(std::min<std::size_t>(free, count));
    }
    const std::size_t rest = (count - fit) * key_bytes;
    ByteBlock bytes;
    if (rest != 0) {
        // A small level gets a small block.
        const std::size_t wanted = blocks_.empty() ? rest : std::max(rest, next_block_bytes(blocks_.size()));
        if (!bytes.allocate(wanted, *budget_)) return false;
    }
    const auto take = [&](std::uint32_t keys) {
        Block& block = blocks_.back();
        block.count += keys;
        size_ += keys;
        return block.bytes.extend(keys * key_bytes);
    };
    room = {};
    if (fit != 0) {
        room.at = take(fit);
        room.end = room.at + fit * key_bytes;
    }
    if (rest != 0) {
        blocks_.push_back({format, 0, std::move(bytes)});
        room.go_on = take(count - fit);
    }
    return true;
}

bool KeyQueue::append(const KeyFormat& format, std::span<const unsigned char> keys) {
    Room room;
    if (!extend(format, static_cast<std::uint32_t>(keys.size() / format.bytes()), room)) return false;
    const auto fit = static_cast<std::size_t>(room.end - room.at);
    std::copy_n(keys.begin(), fit, room.at);
    std::copy(keys.begin() + static_cast<std::ptrdiff_t>(fit), keys.end(), room.go_on);
    return true;
}

KeyQueue::Run KeyQueue::run(std::uint64_t from, std::uint32_t most) const {
    from += popped_;
    for (const Block& block : blocks_) {
        if (from < block.count) {
            const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(most, block.count - from));
            return {&block.format, block.bytes.data() + from * block.format.bytes(), count};
        }
        from -= block.count;
    }
    return {};
}

void KeyQueue::pop(std::uint64_t count) {
    size_ -= count;
    popped_ += count;
    while (!blocks_.empty() && popped_ >= blocks_.front().count) {
        popped_ -= blocks_.front().count;
        blocks_.pop_front();
    }
}

void KeyQueue::cut_to(std::uint64_t size) {
    while (size_ > size) {
        Block& block = blocks_.back();
        const std::uint64_t removed = std::min<std::uint64_t>(block.count, size_ - size);
        size_ -= removed;
        block.count -= static_cast<std::uint32_t>(removed);
        block.bytes.cut_to(std::size_t{block.count} * block.format.bytes());
        if (block.count == 0) blocks_.pop_back();
    }
}

void KeyQueue::save(ArchiveWriter& to) const {
    to.value<std::uint64_t>(blocks_.size());
    std::uint64_t skip = popped_;
    for (const Block& block : blocks_) {
        const std::size_t bytes = block.format.bytes();
        to.value(block.format);
        to.list(block.bytes.bytes().subspan(skip * bytes));
        skip = 0;
    }
}

bool KeyQueue::load(ArchiveReader& from, bool words) {
    constexpr std::size_t most_keys = std::size_t{1} << 31;  // of a block
    const std::size_t blocks = from.length(1);
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto format = from.value<KeyFormat>();
        from.require(format.valid() && format.has_words() == words, "the form of keys is wrong");
        const std::size_t size = from.length(1);
        const std::size_t count = size / format.bytes();
        from.require(count > 0 && count <= most_keys && size % format.bytes() == 0, "the number of keys is wrong");
        ByteBlock keys;
        if (!keys.allocate(size, *budget_)) return false;
        from.get(keys.extend(size), size);
        blocks_.push_back({format, static_cast<std::uint32_t>(count), std::move(keys)});
        size_ += count;
    }
    return true;
}

void KeyQueue::swap(KeyQueue& other) noexcept {
    std::swap(budget_, other.budget_);
    blocks_.swap(other.blocks_);
    std::swap(popped_, other.popped_);
    std::swap(size_, other.size_);
}

}  // namespace vmemcheck::checker

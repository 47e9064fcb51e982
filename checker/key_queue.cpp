// SPDX-License-Identifier: MIT
#include "checker/key_queue.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace vmemcheck::checker {

bool KeyQueue::append(const KeyFormat& format, const std::vector<unsigned char>& keys) {
    const std::size_t key_bytes = format.bytes();
    std::size_t at = 0;
    while (at < keys.size()) {
        if (blocks_.empty() || !(blocks_.back().format == format) ||
            blocks_.back().bytes.capacity() - blocks_.back().bytes.size() < key_bytes) {
            // A small level gets a small block.
            const std::size_t wanted = blocks_.empty() ? std::min(keys.size(), block_bytes) : block_bytes;
            const std::size_t size = std::max(wanted / key_bytes, std::size_t{1}) * key_bytes;
            if (!budget_->take(size + sizeof(Block))) return false;
            blocks_.push_back({format, 0, {}});
            blocks_.back().bytes.reserve(size);
        }
        Block& block = blocks_.back();
        const std::size_t room = (block.bytes.capacity() - block.bytes.size()) / key_bytes * key_bytes;
        const std::size_t part = std::min(room, keys.size() - at);
        const auto from = keys.begin() + static_cast<std::ptrdiff_t>(at);
        block.bytes.insert(block.bytes.end(), from, from + static_cast<std::ptrdiff_t>(part));
        block.count += static_cast<std::uint32_t>(part / key_bytes);
        size_ += part / key_bytes;
        at += part;
    }
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
        budget_->give_back(blocks_.front().bytes.capacity() + sizeof(Block));
        blocks_.pop_front();
    }
}

void KeyQueue::cut_to(std::uint64_t size) {
    while (size_ > size) {
        Block& block = blocks_.back();
        const std::uint64_t removed = std::min<std::uint64_t>(block.count, size_ - size);
        size_ -= removed;
        block.count -= static_cast<std::uint32_t>(removed);
        block.bytes.resize(std::size_t{block.count} * block.format.bytes());
        if (block.count != 0) continue;
        budget_->give_back(block.bytes.capacity() + sizeof(Block));
        blocks_.pop_back();
    }
}

void KeyQueue::save(ArchiveWriter& to) const {
    to.value<std::uint64_t>(blocks_.size());
    std::uint64_t skip = popped_;
    for (const Block& block : blocks_) {
        const std::size_t bytes = block.format.bytes();
        to.value(block.format);
        to.list(std::span(block.bytes).subspan(skip * bytes));
        skip = 0;
    }
}

bool KeyQueue::load(ArchiveReader& from) {
    constexpr std::size_t most_keys = std::size_t{1} << 31;  // of a block
    const std::size_t blocks = from.length(1);
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto format = from.value<KeyFormat>();
        from.require(format.valid(), "the form of keys is wrong");
        auto keys = from.list<unsigned char>();
        const std::size_t count = keys.size() / format.bytes();
        from.require(count > 0 && count <= most_keys && keys.size() % format.bytes() == 0,
                     "the number of keys is wrong");
        if (!budget_->take(keys.capacity() + sizeof(Block))) return false;
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

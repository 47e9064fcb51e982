// SPDX-License-Identifier: MIT
#include "checker/discovery_log.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace vmemcheck::checker {

namespace {

void put_rest(std::vector<unsigned char>& bytes, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<unsigned char>(value | 0x80));
    bytes.push_back(static_cast<unsigned char>(value));
}

std::uint64_t take_rest(const unsigned char*& at) {
    std::uint64_t value = 0;
    unsigned shift = 0;
    do {
        value |= static_cast<std::uint64_t>(*at & 0x7f) << shift;
        shift += 7;
    } while ((*at++ & 0x80) != 0);
    return value;
}

}  // namespace

void DiscoveryLog::encode(std::vector<unsigned char>& bytes, DiscoveryIndex step, std::uint32_t transition) {
    const std::uint64_t low = std::min(step, step_most);
    const std::uint32_t high = std::min(transition, transition_most);
    bytes.push_back(static_cast<unsigned char>(low | high << step_bits));
    if (low == step_most) put_rest(bytes, step - low);
    if (high == transition_most) put_rest(bytes, transition - high);
}

bool DiscoveryLog::room(std::size_t bytes) {
    if (!blocks_.empty() && blocks_.back().bytes.room() >= bytes) return true;
    return begin_block(std::max(bytes, next_block_bytes(blocks_.size())));
}

bool DiscoveryLog::begin_block(std::size_t size) {
    ByteBlock bytes;
    if (!bytes.allocate(size, budget_)) return false;
    // One thread writes them while others wait. Not so those of a queue, which are mostly there from earlier blocks.
    bytes.ask_for_pages();
    blocks_.push_back({size_, last_parent_, std::move(bytes)});
    return true;
}

bool DiscoveryLog::append(const Piece& piece) {
    if (piece.count_ == 0) return true;
    constexpr std::size_t most_first = 32;  // bytes of one state
    if (!room(piece.bytes_.size() + most_first)) return false;
    std::vector<unsigned char> first;
    encode(first, piece.first_parent_ - last_parent_, piece.first_transition_);
    ByteBlock& bytes = blocks_.back().bytes;
    std::copy(first.begin(), first.end(), bytes.extend(first.size()));
    std::copy(piece.bytes_.begin(), piece.bytes_.end(), bytes.extend(piece.bytes_.size()));
    last_parent_ = piece.last_parent_;
    size_ += piece.count_;
    return true;
}

DiscoveryLog::End DiscoveryLog::end() const {
    return {blocks_.size(), blocks_.empty() ? 0 : blocks_.back().bytes.size(), size_, last_parent_};
}

void DiscoveryLog::back_to(const End& end) {
    while (blocks_.size() > end.blocks) blocks_.pop_back();
    if (!blocks_.empty()) blocks_.back().bytes.cut_to(end.bytes);
    size_ = end.size;
    last_parent_ = end.last_parent;
}

void DiscoveryLog::save(ArchiveWriter& to) const {
    to.value(initial_);
    to.value(size_);
    to.value(last_parent_);
    to.value<std::uint64_t>(blocks_.size());
    for (const Block& block : blocks_) {
        to.value(block.first);
        to.value(block.parent);
        to.list(block.bytes.bytes());
    }
}

bool DiscoveryLog::load(ArchiveReader& from) {
    initial_ = from.value<DiscoveryIndex>();
    const auto size = from.value<DiscoveryIndex>();
    const auto last_parent = from.value<DiscoveryIndex>();
    const std::size_t blocks = from.length(1);
    size_ = initial_;
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto first = from.value<DiscoveryIndex>();
        const auto parent = from.value<DiscoveryIndex>();
        from.require(first >= size_ && parent < first, "the log of states is wrong");
        const std::size_t bytes = from.length(1);
        size_ = first;
        last_parent_ = parent;
        if (!begin_block(i + 1 == blocks ? std::max(bytes, next_block_bytes(i)) : bytes)) return false;
        from.get(blocks_.back().bytes.extend(bytes), bytes);
    }
    size_ = size;
    last_parent_ = last_parent;
    return true;
}

DiscoveryLog::Way DiscoveryLog::way_to(DiscoveryIndex index) const {
    Way way;
    // The states of one block, up to the one that is asked for: the next is often among them.
    struct Found {
        DiscoveryIndex parent;
        std::uint32_t transition;
    };
    std::vector<Found> found;
    DiscoveryIndex first = 0;
    while (index >= initial_) {
        if (found.empty() || index < first) {
            const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), index,
                                                [](DiscoveryIndex i, const Block& block) { return i < block.first; });
            const Block& block = *(after - 1);
            first = block.first;
            found.clear();
            const unsigned char* at = block.bytes.data();
            DiscoveryIndex parent = block.parent;
            while (first + found.size() <= index) {
                const unsigned char byte = *at++;
                parent += byte & step_most;
                std::uint64_t transition = byte >> step_bits;
                if ((byte & step_most) == step_most) parent += take_rest(at);
                if (transition == transition_most) transition += take_rest(at);
                found.push_back({parent, static_cast<std::uint32_t>(transition)});
            }
        }
        const Found& how = found[index - first];
        way.transitions.push_back(how.transition);
        index = how.parent;
    }
    way.initial = index;
    std::reverse(way.transitions.begin(), way.transitions.end());
    return way;
}

}  // namespace vmemcheck::checker

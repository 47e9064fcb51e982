// SPDX-License-Identifier: MIT
#include "conformance/guest/search_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace vmemcheck::conformance::explaining {

SearchTree::SearchTree(const bbm::Bbm& model) : layout_(checker::layout_of(model, model.initial_state(0))) {}

void SearchTree::push(Node node) {
    std::vector<std::uint32_t> packed(layout_.buffer_words());
    std::string key;
    const auto add_state = [&](const State& s) {
        const bool ok = layout_.pack(s, packed.data()) < 0;
        key.append(reinterpret_cast<const char*>(packed.data()), layout_.packed_bytes());
        return ok;
    };
    const auto add = [&key](std::uint64_t v) { key.append(reinterpret_cast<const char*>(&v), sizeof v); };
    if (!add_state(node.state)) return;
    add(node.event);
    add(node.calls);
    add(node.stale);
    add(static_cast<std::uint64_t>(node.missed_resize));
    add(node.outside);
    add(node.in_interrupt ? 1 : 0);
    for (const InFlight& f : node.flight) {
        add(f.active() ? 1 + f.taken->shown.size() - f.next : 0);
        for (std::size_t i = f.next; f.active() && i < f.taken->shown.size(); ++i) {
            add(static_cast<std::uint64_t>(f.taken->shown[i].event.kind));
            add_state(f.taken->shown[i].state);
        }
    }
    for (const auto& last : node.last) {
        if (last != nullptr) add_state(undone(node.state, *last));
    }
    if (!seen_.insert(std::move(key)).second) return;
    best_ = std::max(best_, node.event);
    const Open open{node.event, node.cost, nodes_.size()};
    nodes_.push_back(std::move(node));
    open_.push(open);
}

std::size_t SearchTree::take_open() {
    const std::size_t at = open_.top().node;
    open_.pop();
    return at;
}

std::size_t SearchTree::before_step(std::size_t at, std::size_t slot) const {
    while (nodes_[at].flight[slot].active() && nodes_[at].parent >= 0) at = static_cast<std::size_t>(nodes_[at].parent);
    return at;
}

std::size_t SearchTree::before_isolation(std::size_t at, std::size_t block) const {
    while (nodes_[at].state.isolated[block] != 0 && nodes_[at].parent >= 0)
        at = static_cast<std::size_t>(nodes_[at].parent);
    return at;
}

}  // namespace vmemcheck::conformance::explaining

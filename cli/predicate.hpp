// SPDX-License-Identifier: MIT
/// \file
/// Predicates over the named fields of a state, written by users (docs/why.md has the grammar).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checker/layout.hpp"
#include "cli/model.hpp"
#include "cli/notification.hpp"

namespace vmemcheck::cli {

/// A predicate in the order in which it is evaluated: operands first.
class Predicate {
 public:
    /// Throws UserError, with the column, if the text is no predicate over these fields.
    Predicate(std::string_view text, const checker::Layout& layout);

    template <class State>
    [[nodiscard]] bool operator()(const State& state) const {
        // Each bit is an operand; no predicate has more than max_depth of them at a time.
        std::uint64_t stack = 0;
        for (const Node& node : nodes_) {
            switch (node.what) {
                case What::compare:
                    stack = stack << 1U | (compare(node, value(node, state)) ? 1U : 0U);
                    break;
                case What::negate:
                    stack ^= 1U;
                    break;
                case What::both:
                    stack = (stack >> 1U) & (stack | ~std::uint64_t{1});
                    break;
                case What::either:
                    stack = (stack >> 1U) | (stack & 1U);
                    break;
            }
        }
        return (stack & 1U) != 0;
    }

 private:
    friend class PredicateParser;
    enum class What : std::uint8_t { compare, negate, both, either };
    enum class Order : std::uint8_t { equal, unequal, less, at_most, greater, at_least };
    struct Node {
        What what{};
        Order order{};
        int field = 0;  ///< index into the layout, or `notifier`
        int value = 0;
    };
    static constexpr int notifier = -1;
    static constexpr unsigned max_depth = 60;

    [[nodiscard]] static bool compare(const Node& node, int value);
    template <class State>
    [[nodiscard]] int value(const Node& node, const State& state) const {
        return node.field == notifier ? static_cast<int>(notification(state.op))
                                      : layout_.get(state, static_cast<std::size_t>(node.field));
    }

    checker::Layout layout_;
    std::vector<Node> nodes_;
};

/// What ids of properties that users ask for begin with.
inline constexpr std::string_view asked_prefix = "why: ";

/// "can a state be reached in which ...?" as a property of the model: id "why: TEXT". The checker calls plain
/// functions, so there is one such property at a time: that of the last call. Throws UserError as Predicate does.
/// \tparam M Bbm or WideBbm
template <class M>
[[nodiscard]] checker::Property<M> asked_property(std::string_view text, const M& model);

}  // namespace vmemcheck::cli

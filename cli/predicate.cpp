// SPDX-License-Identifier: MIT
#include "cli/predicate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "cli/error.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

bool word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_.[]*-").find(c) != std::string_view::npos;
}

}  // namespace

/// A parser by recursive descent; see docs/why.md for the grammar.
class PredicateParser {
 public:
    PredicateParser(std::string_view text, const checker::Layout& layout, std::vector<Predicate::Node>& nodes)
        : text_(text), layout_(layout), nodes_(nodes) {}

    void parse() {
        either();
        skip();
        if (at_ != text_.size()) fail(at_, "expected '&', '|' or the end");
    }

 private:
    using What = Predicate::What;
    using Order = Predicate::Order;

    [[noreturn]] void fail(std::size_t at, const std::string& why) const {
        throw UserError(fmt::format("predicate {}: column {}: {}", quote(std::string(text_)), at + 1, why));
    }
    void skip() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    }
    bool take(std::string_view token) {
        skip();
        if (text_.substr(at_, token.size()) != token) return false;
        at_ += token.size();
        return true;
    }
    void deeper() {
        if (++depth_ > Predicate::max_depth) fail(at_, "nested too deeply");
    }

    void either() {
        deeper();
        both();
        while (take("||") || take("|")) {
            both();
            nodes_.push_back({What::either, {}, 0, 0});
        }
        --depth_;
    }
    void both() {
        negation();
        while (take("&&") || take("&")) {
            negation();
            nodes_.push_back({What::both, {}, 0, 0});
        }
    }
    void negation() {
        skip();
        const bool unequal = text_.substr(at_, 2) == "!=";
        if (!unequal && take("!")) {
            deeper();
            negation();
            --depth_;
            nodes_.push_back({What::negate, {}, 0, 0});
        } else if (take("(")) {
            either();
            if (!take(")")) fail(at_, "expected ')'");
        } else {
            comparison();
        }
    }

    [[nodiscard]] std::string_view word(std::string_view what) {
        skip();
        if (at_ < text_.size() && text_[at_] == '"') {
            const std::size_t end = text_.find('"', at_ + 1);
            if (end == std::string_view::npos) fail(at_, "no '\"' at the end of the quoted value");
            const std::string_view quoted = text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
            return quoted;
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() && word_character(text_[at_])) ++at_;
        if (begin == at_) fail(begin, fmt::format("expected {}", what));
        return text_.substr(begin, at_ - begin);
    }

    void comparison() {
        skip();
        std::size_t begin = at_;
        std::string_view name = word("a field, '!' or '('");
        bool all = false;
        if (folded(name) == "all" || folded(name) == "any") {
            all = folded(name) == "all";
            skip();
            begin = at_;
            name = word("a field with [*]");
        }
        const std::vector<int> fields = fields_named(name, begin);
        Order order = Order::unequal;
        std::optional<std::size_t> value_at;
        std::string_view value = "0";
        if (const std::optional<Order> found = comparator()) {
            order = *found;
            skip();
            value_at = at_;
            value = word("a value");
        }
        for (std::size_t i = 0; i < fields.size(); ++i) {
            nodes_.push_back({What::compare, order, fields[i], value_at ? value_of(fields[i], value, *value_at) : 0});
            if (i > 0) nodes_.push_back({all ? What::both : What::either, {}, 0, 0});
        }
    }
    [[nodiscard]] std::optional<Order> comparator() {
        static constexpr std::array<std::pair<std::string_view, Order>, 7> all{{{"==", Order::equal},
                                                                                {"!=", Order::unequal},
                                                                                {"<=", Order::at_most},
                                                                                {">=", Order::at_least},
                                                                                {"=", Order::equal},
                                                                                {"<", Order::less},
                                                                                {">", Order::greater}}};
        for (const auto& [token, order] : all) {
            if (take(token)) return order;
        }
        return std::nullopt;
    }

    /// What a short name stands for: bb[0] is bb[0].state.
    [[nodiscard]] static std::vector<std::string> spellings(const std::string& name) {
        return {name, name + ".state", name + ".kind", name + ".pc"};
    }
    [[nodiscard]] std::vector<int> fields_named(std::string_view name, std::size_t at) const {
        const std::string wanted = folded(name);
        if (wanted == "notifier") return {Predicate::notifier};
        std::vector<int> found;
        for (const std::string& spelling : spellings(wanted)) {
            for (std::size_t i = 0; i < layout_.fields().size(); ++i) {
                if (matches(spelling, folded(layout_.fields()[i].name))) found.push_back(static_cast<int>(i));
            }
            if (!found.empty()) return found;
        }
        std::vector<std::string_view> known{"notifier"};
        for (const checker::FieldInfo& field : layout_.fields()) known.emplace_back(field.name);
        fail(at, unknown_name("field", std::string(name), known));
    }
    /// Whether a name is the pattern, with any number for "[*]".
    [[nodiscard]] static bool matches(const std::string& pattern, const std::string& name) {
        const std::size_t star = pattern.find("[*]");
        if (star == std::string::npos) return pattern == name;
        if (name.compare(0, star + 1, pattern, 0, star + 1) != 0) return false;
        const std::size_t end = name.find(']', star);
        return end != std::string::npos && name.substr(end) == pattern.substr(star + 2);
    }

    [[nodiscard]] int value_of(int field, std::string_view text, std::size_t at) const {
        std::vector<std::string_view> names;
        int low = 0;
        if (field == Predicate::notifier) {
            names.assign(notification_names().begin(), notification_names().end());
        } else {
            const checker::FieldInfo& info = layout_.fields()[static_cast<std::size_t>(field)];
            names.assign(info.names.begin(), info.names.end());
            low = info.low;
        }
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (folded(names[i]) == folded(text)) return low + static_cast<int>(i);
        }
        int number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc{} && end == text.data() + text.size()) return number;
        if (names.empty()) fail(at, fmt::format("{} is no number", quote(std::string(text))));
        fail(at, unknown_name("value", std::string(text), names));
    }

    std::string_view text_;
    const checker::Layout& layout_;
    std::vector<Predicate::Node>& nodes_;
    std::size_t at_ = 0;
    unsigned depth_ = 0;
};

Predicate::Predicate(std::string_view text, const checker::Layout& layout) : layout_(layout) {
    PredicateParser(text, layout, nodes_).parse();
}

bool Predicate::compare(const Node& node, int value) {
    switch (node.order) {
        case Order::equal:
            return value == node.value;
        case Order::unequal:
            return value != node.value;
        case Order::less:
            return value < node.value;
        case Order::at_most:
            return value <= node.value;
        case Order::greater:
            return value > node.value;
        default:
            return value >= node.value;
    }
}

namespace {

template <class M>
std::optional<Predicate>& asked() {
    static std::optional<Predicate> predicate;
    return predicate;
}
template <class M>
bool asked_holds(const M&, const typename M::State& state) {
    return (*asked<M>())(state);
}

}  // namespace

template <class M>
checker::Property<M> asked_property(std::string_view text, const M& model) {
    asked<M>().emplace(text, checker::layout_of(model, model.initial_state(0)));
    checker::Property<M> property;
    property.id = std::string(asked_prefix) + std::string(text);
    property.kind = checker::PropertyKind::reachability;
    property.sentence = std::string(text);
    property.source = "asked on the command line";
    property.holds = asked_holds<M>;
    return property;
}

template checker::Property<Bbm> asked_property(std::string_view text, const Bbm& model);
template checker::Property<bbm::WideBbm> asked_property(std::string_view text, const bbm::WideBbm& model);

}  // namespace vmemcheck::cli

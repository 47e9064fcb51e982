// SPDX-License-Identifier: MIT
/// \file
/// Is a JSON text too much to be made a tree of? Asked before it is parsed: a tree takes many times the text's memory,
/// copies of it recurse, and the parser's own callback looks through all siblings of every object.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vmemcheck::conformance {

struct JsonLimits {
    std::size_t depth;    ///< of nested arrays and objects
    std::size_t values;   ///< in all
    std::size_t members;  ///< of one object
};

/// Counts while the text is read; no tree is made.
template <class Json>
class JsonCounter : public nlohmann::json_sax<Json> {
 public:
    explicit JsonCounter(const JsonLimits& limits) : limits_(limits) {}

    /// What is exceeded; empty if nothing is.
    [[nodiscard]] std::string_view exceeded() const { return exceeded_; }

    bool null() override { return value(); }
    bool boolean(bool) override { return value(); }
    bool number_integer(typename Json::number_integer_t) override { return value(); }
    bool number_unsigned(typename Json::number_unsigned_t) override { return value(); }
    bool number_float(typename Json::number_float_t, const typename Json::string_t&) override { return value(); }
    bool string(typename Json::string_t&) override { return value(); }
    bool binary(typename Json::binary_t&) override { return value(); }
    bool start_object(std::size_t) override { return deeper(); }
    bool start_array(std::size_t) override { return deeper(); }
    bool end_object() override { return shallower(); }
    bool end_array() override { return shallower(); }
    bool key(typename Json::string_t&) override {
        return ++members_.back() <= limits_.members || refuse("an object has too many members");
    }
    /// Whoever parses it then gets the error.
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
    bool refuse(std::string_view what) {
        exceeded_ = what;
        return false;
    }
    bool value() { return ++values_ <= limits_.values || refuse("it has too many values"); }
    bool deeper() {
        members_.push_back(0);
        if (members_.size() > limits_.depth) return refuse("nested too deep");
        return value();
    }
    bool shallower() {
        members_.pop_back();
        return true;
    }

    JsonLimits limits_;
    std::string_view exceeded_;
    std::size_t values_ = 0;
    std::vector<std::size_t> members_;  ///< one for each array or object around what is read
};

/// What of the limits a text exceeds; empty if nothing, or if it is no JSON up to where it would.
template <class Json>
[[nodiscard]] std::string_view exceeded(const std::string& text, const JsonLimits& limits) {
    JsonCounter<Json> counter(limits);
    static_cast<void>(Json::sax_parse(text, &counter));
    return counter.exceeded();
}

}  // namespace vmemcheck::conformance

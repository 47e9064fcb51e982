// SPDX-License-Identifier: MIT
/// \file
/// What a step depends on, as far as a model says it: what caching of steps rests on.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "checker/model.hpp"

namespace vmemcheck::checker {

/// Fields of one state, gathered as a model names them.
class FieldSet {
 public:
    static constexpr unsigned most_words = 3;  ///< of a packed state

    /// \param state whose fields are named; only its address is used
    /// \param bits of each byte of the state, those of a packed state that its field has: `words` numbers a byte; must
    /// outlive this
    /// \param words of a packed state, 1 to most_words
    template <class State>
    FieldSet(const State& state, std::span<const std::uint64_t> bits, unsigned words = 1)
        : begin_(reinterpret_cast<const unsigned char*>(&state)), bits_(bits), words_(words) {}

    /// Adds fields of the state, by reference: numbers, arrays of them, or structures.
    template <class... Fields>
    void operator()(const Fields&... fields) {
        (add(reinterpret_cast<const unsigned char*>(&fields), sizeof(Fields)), ...);
    }

    /// Bits of a word of the packed state that the fields have; what no field describes has none.
    [[nodiscard]] std::uint64_t bits(unsigned word = 0) const { return gathered_[word]; }
    /// Whether something was added that is no part of the state: a copy of a field, say.
    [[nodiscard]] bool strange() const { return strange_; }

 private:
    void add(const unsigned char* field, std::size_t size) {
        const std::less<> before;
        if (before(field, begin_) || before(begin_ + bits_.size() / words_, field + size)) {
            strange_ = true;
            return;
        }
        const auto offset = static_cast<std::size_t>(field - begin_);
        const std::span<const std::uint64_t> bits = bits_.subspan(offset * words_, size * words_);
        for (auto at = bits.begin(); at != bits.end(); at += words_) {
            for (unsigned word = 0; word < words_; ++word) gathered_[word] |= at[word];
        }
    }

    const unsigned char* begin_;
    std::span<const std::uint64_t> bits_;
    unsigned words_;
    std::array<std::uint64_t, most_words> gathered_{};
    bool strange_ = false;
};

/// A model that names the fields which the next step of an actor may read or change, whatever the answers: to find out
/// whether it is blocked, whether an assertion fails, and which fields it names, too. In a state that has the same
/// values in them the step has to do the same. Searches may then do again what they saw before without running it
/// (SearchOptions::cache_steps), which they compare with what the step does in some states (SearchOptions::audit_each).
template <class M>
concept DeclaresDependencies = requires(const M& model, const typename M::State& state, ActorId actor,
                                        FieldSet& fields) {
    model.depends_on(state, actor, fields);
};

}  // namespace vmemcheck::checker

// SPDX-License-Identifier: MIT
#include "cli/certify/certifier.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <span>

#include "spec/properties.hpp"

namespace vmemcheck::certify {

namespace {

using bbm::Bbm;
using State = Bbm::State;
using Words = std::vector<std::uint32_t>;

unsigned width_of(const checker::FieldInfo& field) {
    return static_cast<unsigned>(std::bit_width(static_cast<unsigned>(field.high - field.low)));
}

/// Packs and unpacks states bit by bit: the fields in their order, each in as few bits as it needs, from the lowest bit
/// of the first word on.
class Packing {
 public:
    explicit Packing(std::vector<checker::FieldInfo> fields) : fields_(std::move(fields)), words_(words_for(fields_)) {}

    [[nodiscard]] unsigned words() const { return words_; }

    /// \return the name of a field that is out of bounds, "(padding)" for bits that are no field's, or null
    [[nodiscard]] const char* unpack(std::span<const std::uint32_t> packed, State& state) const {
        std::size_t bit = 0;
        for (const checker::FieldInfo& field : fields_) {
            unsigned code = 0;
            for (unsigned i = 0; i < width_of(field); ++i, ++bit) code |= (packed[bit / 32] >> bit % 32 & 1U) << i;
            const int value = field.low + static_cast<int>(code);
            if (value > field.high) return field.name.c_str();
            auto* const place = reinterpret_cast<unsigned char*>(&state) + field.offset;
            if (field.size == 1) {
                *place = static_cast<unsigned char>(value);
            } else {
                const auto narrow = static_cast<std::int16_t>(value);
                std::memcpy(place, &narrow, sizeof narrow);
            }
        }
        for (; bit < std::size_t{words_} * 32; ++bit) {
            if ((packed[bit / 32] >> bit % 32 & 1U) != 0) return "(padding)";
        }
        return nullptr;
    }

    /// \return the name of a field that is out of bounds, or null
    [[nodiscard]] const char* pack(const State& state, Words& packed) const {
        packed.assign(words_, 0);
        std::size_t bit = 0;
        for (const checker::FieldInfo& field : fields_) {
            const int value = value_of(field, state);
            if (value < field.low || value > field.high) return field.name.c_str();
            const auto code = static_cast<unsigned>(value - field.low);
            for (unsigned i = 0; i < width_of(field); ++i, ++bit) packed[bit / 32] |= (code >> i & 1U) << bit % 32;
        }
        return nullptr;
    }

    /// "worker.pc = wk_send, ...": the fields that are not at their lowest value.
    [[nodiscard]] std::string text(const State& state) const {
        std::string result;
        for (const checker::FieldInfo& field : fields_) {
            const int value = value_of(field, state);
            if (value == 0) continue;
            const auto at = static_cast<std::size_t>(value - field.low);
            const std::string shown = at < field.names.size() ? std::string(field.names[at]) : std::to_string(value);
            result += (result.empty() ? "" : ", ") + field.name + " = " + shown;
        }
        return result;
    }

 private:
    [[nodiscard]] static int value_of(const checker::FieldInfo& field, const State& state) {
        const auto* const place = reinterpret_cast<const unsigned char*>(&state) + field.offset;
        if (field.size == 1) return static_cast<signed char>(*place);
        std::int16_t value = 0;
        std::memcpy(&value, place, sizeof value);
        return value;
    }

    std::vector<checker::FieldInfo> fields_;
    unsigned words_;
};

/// The states of the claim, to be looked up: a table with open addressing of their numbers.
class StateSet {
 public:
    StateSet(const Words& states, unsigned words) : states_(states), words_(words), size_(states.size() / words) {
        table_.assign(std::bit_ceil(size_ * 2 + 1), none);
        for (std::size_t i = 0; i < size_; ++i) {
            std::uint32_t& place = table_[find((*this)[i])];
            if (place == none) place = static_cast<std::uint32_t>(i);
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t i) const {
        return std::span(states_).subspan(i * words_, words_);
    }
    [[nodiscard]] bool contains(std::span<const std::uint32_t> packed) const { return table_[find(packed)] != none; }

 private:
    static constexpr std::uint32_t none = 0xffffffffU;

    /// Where the state is in the table, or would be.
    [[nodiscard]] std::size_t find(std::span<const std::uint32_t> packed) const {
        std::uint64_t hash = 0xcbf29ce484222325U;
        for (const std::uint32_t word : packed) {
            hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
            hash ^= hash >> 29;
        }
        std::size_t at = hash & (table_.size() - 1);
        while (table_[at] != none && !std::ranges::equal((*this)[table_[at]], packed))
            at = (at + 1) & (table_.size() - 1);
        return at;
    }

    const Words& states_;
    unsigned words_;
    std::size_t size_;
    std::vector<std::uint32_t> table_;
};

/// What the step functions talk to: answers are counted through, the last one asked first.
class Answers {
 public:
    void at(checker::StepId step) { step_ = step; }
    int choose(checker::ChoiceId, int n) {
        if (asked_ == taken_.size()) taken_.push_back({0, n});
        return taken_[asked_++].value;
    }
    void blocked(const checker::Guard&) { blocked_ = true; }
    void fail(checker::AssertionId which, const char* message) { failures_.push_back({which, message}); }
    template <class S, class Event>
    void emit(const S&, const Event&) {}

    struct Failure {
        checker::AssertionId assertion;
        const char* message;
    };
    [[nodiscard]] checker::StepId step() const { return step_; }
    [[nodiscard]] bool is_blocked() const { return blocked_; }
    [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }

    void begin() {
        asked_ = 0;
        blocked_ = false;
        failures_.clear();
    }
    /// Goes on to the next combination of answers; false, and back to the first, if there is none.
    bool next() {
        while (!taken_.empty() && taken_.back().value + 1 == taken_.back().count) taken_.pop_back();
        if (taken_.empty()) return false;
        ++taken_.back().value;
        return true;
    }

 private:
    struct Taken {
        int value;
        int count;
    };
    std::vector<Taken> taken_;
    std::size_t asked_ = 0;
    checker::StepId step_ = 0;
    bool blocked_ = false;
    std::vector<Failure> failures_;
};

class Certifier {
 public:
    explicit Certifier(const Claim& claim)
        : model_(claim.config), packing_(fields_of(claim.config)), set_(claim.states, packing_.words()) {
        for (const bbm::spec::Property& property : bbm::spec::properties(claim.config)) {
            if (std::ranges::find(claim.properties, property.id) != claim.properties.end()) {
                properties_.push_back(property);
            }
        }
    }

    Verdict run() {
        model_.initial_states([this](const State& state) {
            if (!refuted()) arrive(state, "an initial state");
        });
        // Bytes that are no field's are as in an initial state.
        State state = model_.initial_state(0);
        for (std::size_t i = 0; i < set_.size() && !refuted(); ++i) {
            if (const char* const field = packing_.unpack(set_[i], state); field != nullptr) {
                refute("state " + std::to_string(i) + ": " + field + " is out of bounds", nullptr);
                break;
            }
            look_at(i, state);
            for (checker::ActorId actor = 0; actor < model_.actor_count() && !refuted(); ++actor) act(i, state, actor);
        }
        verdict_.states = set_.size();
        return verdict_;
    }

 private:
    [[nodiscard]] bool refuted() const { return !verdict_.refuted.empty(); }
    void refute(const std::string& why, const State* state) {
        if (refuted()) return;
        verdict_.refuted = why;
        if (state != nullptr) verdict_.refuted += "\n  the state: " + packing_.text(*state);
    }
    void look_at(std::size_t number, const State& state) {
        for (const auto& property : properties_) {
            if (property.holds != nullptr && property.kind == checker::PropertyKind::invariant &&
                !property.holds(model_, state)) {
                refute("state " + std::to_string(number) + " violates " + property.id, &state);
            }
        }
    }
    void act(std::size_t number, const State& before, checker::ActorId actor) {
        do {
            answers_.begin();
            State after = before;
            model_.step(after, actor, answers_);
            if (answers_.is_blocked()) continue;
            ++verdict_.steps;
            judge(number, before, after, actor);
        } while (answers_.next() && !refuted());
    }
    void judge(std::size_t number, const State& before, const State& after, checker::ActorId actor) {
        const auto where = [&] {
            return "step " + std::string(model_.steps()[answers_.step()].name) + " of the " + model_.actor_name(actor) +
                   " from state " + std::to_string(number);
        };
        for (const auto& property : properties_) {
            if (property.holds_step != nullptr && property.kind == checker::PropertyKind::transition &&
                !property.holds_step(model_, before, after)) {
                refute(where() + " violates " + property.id, &before);
            }
            const bool asserted = property.kind == checker::PropertyKind::assertion || property.has_assertion;
            for (const Answers::Failure& failure : answers_.failures()) {
                if (asserted && failure.assertion == property.assertion) {
                    refute(where() + " violates " + property.id + ": " + failure.message, &before);
                }
            }
        }
        if (const char* const field = packing_.pack(after, packed_); field != nullptr) {
            refute(where() + ": " + field + " is out of bounds", &before);
        } else if (!set_.contains(packed_)) {
            refute(where() + " leads out of the set", &before);
        }
    }
    void arrive(const State& state, const std::string& what) {
        if (packing_.pack(state, packed_) != nullptr) {
            refute(what + " is out of bounds", nullptr);
        } else if (!set_.contains(packed_)) {
            refute(what + " is not in the set", &state);
        }
    }

    Bbm model_;
    Packing packing_;
    StateSet set_;
    std::vector<bbm::spec::Property> properties_;
    Answers answers_;
    Words packed_;
    Verdict verdict_;
};

}  // namespace

std::vector<checker::FieldInfo> fields_of(const bbm::Config& config) {
    const Bbm model(config);
    const State sample = model.initial_state(0);
    checker::FieldSink sink(&sample);
    model.describe(sample, sink);
    return sink.take();
}

unsigned words_for(const std::vector<checker::FieldInfo>& fields) {
    unsigned bits = 0;
    for (const checker::FieldInfo& field : fields) bits += width_of(field);
    return std::max(1U, (bits + 31) / 32);
}

Verdict certify(const Claim& claim) { return Certifier(claim).run(); }

}  // namespace vmemcheck::certify

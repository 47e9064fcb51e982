// SPDX-License-Identifier: MIT
/// \file
/// The value domain a model is written over.
///
/// Step functions are templates over a domain D. In the native domain D::Int is a small integer and a branch is a
/// branch; in the symbolic domain (spec/symbolic.hpp) D::Int is a Z3 term, `if (cond)` asks a path oracle, and
/// D::index() forks over the values of a term. A step function must therefore:
///   - branch only where control differs; a per-element effect uses D::select, which is one term, not two paths;
///   - index arrays with D::index(value), or by what State::numbering says, never with a value itself.
#pragma once

#include <cstdint>

#include "model/config.hpp"

namespace vmemcheck::bbm {

/// A signed integer of fixed width that converts from and to int without a fuss; the field type of native states.
/// Values that do not fit wrap; the checker's packing reports a field outside its declared range.
template <class Rep>
struct Small {
    Rep value = 0;

    constexpr Small() = default;
    constexpr Small(int from) : value(static_cast<Rep>(from)) {}  // NOLINT(google-explicit-constructor)
    constexpr operator int() const { return value; }              // NOLINT(google-explicit-constructor)
};

/// The numbering of a state that has every entity: big blocks, memory blocks, sections and page blocks are where their
/// indices (slots) say. Proofs beyond a scope keep a few entities of many, and number them otherwise
/// (spec/symbolic_numbering.hpp).
template <class D>
struct ExactNumbering {
    using Value = typename D::Value;

    // Where an entity is: in the device, in its big block, in its section or in its memory block.
    static constexpr int big_block(const Scope&, int slot) { return slot; }
    static constexpr int memory_block(const Scope&, int slot) { return slot; }
    static constexpr int first_memory_block(const Scope& scope, int big_block) {
        return big_block * scope.memory_blocks;
    }
    static constexpr int section_of_big_block(const Scope& scope, int slot) {
        return slot % scope.sections_per_big_block();
    }
    static constexpr int memory_block_of_big_block(const Scope& scope, int slot) { return slot % scope.memory_blocks; }

    // Which entity is there.
    static int big_block_at(const Scope& scope, const Value& position) { return D::index(position, scope.big_blocks); }
    static int memory_block_at(const Scope& scope, const Value& position) {
        return D::index(position, scope.total_memory_blocks());
    }
    static int memory_block_of_big_block_at(const Scope& scope, int big_block, const Value& position) {
        return big_block * scope.memory_blocks + D::index(position, scope.memory_blocks);
    }
    static int section_of_big_block_at(const Scope& scope, int big_block, const Value& position) {
        return big_block * scope.sections_per_big_block() + D::index(position, scope.sections_per_big_block());
    }
    static int block_of_section_at(const Scope& scope, int section, const Value& position) {
        return section * scope.page_blocks + D::index(position, scope.page_blocks);
    }
    static int block_of_memory_block_at(const Scope& scope, int memory_block, const Value& position) {
        return memory_block * scope.page_blocks_per_memory_block() +
               D::index(position, scope.page_blocks_per_memory_block());
    }
    /// Whether the state has the entity that is there: it has them all.
    static constexpr bool has_big_block(const Scope&, const Value&) { return true; }
    static constexpr bool has_memory_block(const Scope&, const Value&) { return true; }
    static typename D::Bool memory_block_exists(const Scope& scope, const Value& position) {
        return position >= 0 && position < scope.total_memory_blocks();
    }

    // How many there are.
    static constexpr int big_blocks(const Scope& scope) { return scope.big_blocks; }
    static constexpr int memory_blocks(const Scope& scope) { return scope.memory_blocks; }
    static constexpr int sections_per_big_block(const Scope& scope) { return scope.sections_per_big_block(); }
    static constexpr int page_blocks(const Scope& scope) { return scope.page_blocks; }
    static constexpr int page_blocks_per_memory_block(const Scope& scope) {
        return scope.page_blocks_per_memory_block();
    }
    static constexpr int pages_per_section(const Scope& scope) { return scope.pages_per_section(); }
    static constexpr int pages_per_memory_block(const Scope& scope) { return scope.pages_per_memory_block(); }
    static constexpr int offline_threshold(const Scope& scope) { return scope.offline_threshold(); }

    /// Whether something is so of entities that are not in the state: there are none.
    static constexpr bool elsewhere() { return false; }
    /// Any number that is not negative.
    static constexpr int any_number() { return 0; }
};

/// What entities that are not in the state add to a sum: nothing, for there are none.
struct NoRest {
    constexpr operator int() const { return 0; }        // NOLINT(google-explicit-constructor)
    constexpr NoRest& operator=(int) { return *this; }  // NOLINT(misc-unconventional-assign-operator)
};

/// Plain integers; the domains over them differ in their fields and capacity.
template <class D, class Rep>
struct IntegerDomain {
    using Int = Small<Rep>;
    using Value = int;
    using Bool = bool;
    using Numbering = ExactNumbering<D>;
    using Rest = NoRest;

    static constexpr Value select(Bool condition, Value then, Value otherwise) { return condition ? then : otherwise; }
    static constexpr int index(Value value) { return value; }
    /// A value that is only shown to an observer: symbolically, not worth a fork.
    static constexpr int shown(Value value) { return value; }
    /// An index into an array of so many elements.
    static constexpr int index(Value value, int /*count*/) { return value; }
};

/// What the checker, simulation, replay and conformance run.
struct NativeDomain : IntegerDomain<NativeDomain, std::int8_t> {
    static constexpr Capacity capacity = native_capacity;
};

/// Room for large scopes, at some 9 KB a state: what random testing runs.
struct WideDomain : IntegerDomain<WideDomain, std::int16_t> {
    static constexpr Capacity capacity = wide_capacity;
};

}  // namespace vmemcheck::bbm

// SPDX-License-Identifier: MIT
/// \file
/// The value domain a model is written over.
///
/// Step functions are templates over a domain D. In the native domain D::Int is a small integer and a branch is a
/// branch; in the symbolic domain (spec/symbolic.hpp) D::Int is a Z3 term, `if (cond)` asks a path oracle, and
/// D::index() forks over the values of a term. A step function must therefore:
///   - branch only where control differs; a per-element effect uses D::select, which is one term, not two paths;
///   - index arrays with D::index(value), never with a value itself.
#pragma once

#include <cstdint>

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

/// Plain integers: what the checker, simulation, replay and conformance run.
struct NativeDomain {
    using Int = Small<std::int8_t>;
    using Value = int;
    using Bool = bool;

    static constexpr Value select(Bool condition, Value then, Value otherwise) { return condition ? then : otherwise; }
    static constexpr int index(Value value) { return value; }
};

}  // namespace vmemcheck::bbm

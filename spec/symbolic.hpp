// SPDX-License-Identifier: MIT
/// \file
/// The symbolic value domain, whole; see model/domain.hpp for what a domain is.
#pragma once

#include "spec/symbolic_numbering.hpp"
#include "spec/symbolic_values.hpp"

namespace vmemcheck::bbm::spec {

struct SymbolicDomain : SymbolicValues {
    using Numbering = SymbolicNumbering;
    using Rest = SymInt;
    static constexpr Capacity capacity = native_capacity;
};

}  // namespace vmemcheck::bbm::spec

// SPDX-License-Identifier: MIT
/// \file
/// A few entities of arbitrarily many: what proofs beyond a scope look at.
///
/// A focus keeps some big blocks, memory blocks, sections, page blocks and pages of a system of any size. Where they
/// are and how many there are in all are integers without bounds. The steps of the model run as they are on what is
/// kept; of what is not, sums carry what it adds, and anything else may be so or not (docs/proofs.md has the argument).
#pragma once

#include <string>
#include <vector>

#include "spec/symbolic_values.hpp"

namespace vmemcheck::bbm::spec {

/// The numbers of a focus: constants of the proof.
class Focus {
 public:
    Focus(z3::context& context, const Scope& kept);

    /// "big_blocks = 3, big_block[0] = 2, ..." in a model.
    [[nodiscard]] std::string text(const z3::model& model) const;

    /// Positions differ and are in range, sizes are at least what is kept.
    [[nodiscard]] const z3::expr& axioms() const { return axioms_; }

    std::vector<SymInt> big_block;                  ///< position in the device, by slot
    std::vector<SymInt> first_memory_block;         ///< number of its first memory block, by big block
    std::vector<SymInt> memory_block;               ///< number in the device
    std::vector<SymInt> memory_block_of_big_block;  ///< position in its big block
    std::vector<SymInt> section_of_big_block;       ///< position in its big block
    std::vector<SymInt> block_of_section;           ///< position of a page block in its section
    std::vector<SymInt> block_of_memory_block;      ///< position of a page block in its memory block
    SymInt big_blocks;                              ///< of the device
    SymInt memory_blocks;                           ///< of a big block
    SymInt sections_per_big_block;
    SymInt page_blocks;  ///< of a section
    SymInt page_blocks_per_memory_block;
    SymInt pages_per_section;
    SymInt pages_per_memory_block;
    SymInt offline_threshold;  ///< in memory blocks

 private:
    SymInt number(const std::string& name, int least);
    void distinct(const SymInt& a, const SymInt& b);

    z3::context& context_;
    z3::expr axioms_;
    std::vector<z3::expr> numbers_;
};

/// State::numbering of symbolic states: exact, or that of a focus.
class SymbolicNumbering {
 public:
    using Value = SymInt;
    using Exact = ExactNumbering<SymbolicValues>;

    SymbolicNumbering() = default;
    explicit SymbolicNumbering(const Focus& focus) : focus_(&focus) {}

    [[nodiscard]] SymInt big_block(const Scope& scope, int slot) const;
    [[nodiscard]] SymInt memory_block(const Scope& scope, int slot) const;
    [[nodiscard]] SymInt first_memory_block(const Scope& scope, int big_block) const;
    [[nodiscard]] SymInt section_of_big_block(const Scope& scope, int slot) const;

    [[nodiscard]] int big_block_at(const Scope& scope, const SymInt& position) const;
    [[nodiscard]] int memory_block_at(const Scope& scope, const SymInt& position) const;
    [[nodiscard]] int memory_block_of_big_block_at(const Scope& scope, int big_block, const SymInt& position) const;
    [[nodiscard]] int section_of_big_block_at(const Scope& scope, int big_block, const SymInt& position) const;
    [[nodiscard]] int block_of_section_at(const Scope& scope, int section, const SymInt& position) const;
    [[nodiscard]] int block_of_memory_block_at(const Scope& scope, int memory_block, const SymInt& position) const;
    [[nodiscard]] SymBool has_big_block(const Scope& scope, const SymInt& position) const;
    [[nodiscard]] SymBool has_memory_block(const Scope& scope, const SymInt& position) const;
    [[nodiscard]] SymBool memory_block_exists(const Scope& scope, const SymInt& position) const;

    [[nodiscard]] SymInt big_blocks(const Scope& scope) const;
    [[nodiscard]] SymInt memory_blocks(const Scope& scope) const;
    [[nodiscard]] SymInt sections_per_big_block(const Scope& scope) const;
    [[nodiscard]] SymInt page_blocks(const Scope& scope) const;
    [[nodiscard]] SymInt page_blocks_per_memory_block(const Scope& scope) const;
    [[nodiscard]] SymInt pages_per_section(const Scope& scope) const;
    [[nodiscard]] SymInt pages_per_memory_block(const Scope& scope) const;
    [[nodiscard]] SymInt offline_threshold(const Scope& scope) const;

    /// A branch without a condition, where there is a focus.
    [[nodiscard]] bool elsewhere() const;
    /// A variable of this path.
    [[nodiscard]] SymInt any_number() const;

 private:
    const Focus* focus_ = nullptr;
};

}  // namespace vmemcheck::bbm::spec

// SPDX-License-Identifier: MIT
#include "spec/symbolic_numbering.hpp"

namespace vmemcheck::bbm::spec {

namespace {

/// The slot, of `count` from `first` on, whose position is this. A position that is none of them is that of an entity
/// which another focus keeps, if there can be one: positions are 0 .. end - 1.
int slot_at(const std::vector<SymInt>& positions, int first, int count, const SymInt& position, const SymInt& end) {
    PathOracle& oracle = PathOracle::current();
    if (position < 0 || position >= end) {
        oracle.outside();
        return first;
    }
    for (int i = first; i < first + count; ++i) {
        if (position == positions[static_cast<std::size_t>(i)]) return i;
    }
    oracle.unkept();
    return first;
}

SymBool is_one_of(const std::vector<SymInt>& positions, const SymInt& position) {
    SymBool any = false;
    for (const SymInt& p : positions) any = any || position == p;
    return any;
}

const SymInt& at(const std::vector<SymInt>& list, int slot) { return list[static_cast<std::size_t>(slot)]; }

}  // namespace

SymInt Focus::number(const std::string& name, int least) {
    const z3::expr term = context_.int_const(("focus." + name).c_str());
    axioms_ = axioms_ && term >= least;
    numbers_.push_back(term);
    return SymInt(term);
}

std::string Focus::text(const z3::model& model) const {
    std::string text;
    constexpr std::string_view prefix = "focus.";
    for (const z3::expr& number : numbers_) {
        if (!text.empty()) text += ", ";
        text += number.decl().name().str().substr(prefix.size()) + " = " + model.eval(number, true).to_string();
    }
    return text;
}

void Focus::distinct(const SymInt& a, const SymInt& b) { axioms_ = axioms_ && a.term() != b.term(); }

Focus::Focus(z3::context& context, const Scope& kept) : context_(context), axioms_(context.bool_val(true)) {
    const PathOracle oracle(context);  // arithmetic on terms needs a context in force
    big_blocks = number("big_blocks", 1);
    memory_blocks = number("memory_blocks", 1);
    sections_per_big_block = number("sections_per_big_block", 1);
    page_blocks = number("page_blocks", 1);
    page_blocks_per_memory_block = number("page_blocks_per_memory_block", 1);
    pages_per_section = number("pages_per_section", kept.pages_per_section());
    pages_per_memory_block = number("pages_per_memory_block", kept.pages_per_memory_block());
    offline_threshold = number("offline_threshold", 1);

    // Positions within the same whole differ.
    const auto positions = [&](std::vector<SymInt>& list, const std::string& name, int count, int of_whole,
                               const SymInt& end) {
        for (int i = 0; i < count; ++i) {
            list.push_back(number(name + '[' + std::to_string(i) + ']', 0));
            axioms_ = axioms_ && list.back().term() < end.term();
            for (int j = i / of_whole * of_whole; j < i; ++j) distinct(at(list, j), list.back());
        }
    };
    positions(big_block, "big_block", kept.big_blocks, kept.big_blocks, big_blocks);
    positions(memory_block_of_big_block, "memory_block", kept.total_memory_blocks(), kept.memory_blocks, memory_blocks);
    positions(section_of_big_block, "section", kept.big_blocks * kept.sections_per_big_block(),
              kept.sections_per_big_block(), sections_per_big_block);
    positions(block_of_section, "block_of_section", kept.total_page_blocks(), kept.page_blocks, page_blocks);
    positions(block_of_memory_block, "block_of_memory_block", kept.total_page_blocks(),
              kept.page_blocks_per_memory_block(), page_blocks_per_memory_block);

    // Memory blocks are numbered through; those of one big block come one after the other.
    for (int i = 0; i < kept.big_blocks; ++i) {
        const SymInt first = number("first_memory_block[" + std::to_string(i) + ']', 0);
        for (const SymInt& other : first_memory_block) {
            axioms_ = axioms_ && (first >= other + memory_blocks || other >= first + memory_blocks).term();
        }
        first_memory_block.push_back(first);
    }
    for (int i = 0; i < kept.total_memory_blocks(); ++i) {
        memory_block.push_back(at(first_memory_block, i / kept.memory_blocks) + at(memory_block_of_big_block, i));
    }
}

SymInt SymbolicNumbering::big_block(const Scope& scope, int slot) const {
    return focus_ == nullptr ? SymInt(Exact::big_block(scope, slot)) : at(focus_->big_block, slot);
}
SymInt SymbolicNumbering::memory_block(const Scope& scope, int slot) const {
    return focus_ == nullptr ? SymInt(Exact::memory_block(scope, slot)) : at(focus_->memory_block, slot);
}
SymInt SymbolicNumbering::first_memory_block(const Scope& scope, int big_block) const {
    return focus_ == nullptr ? SymInt(Exact::first_memory_block(scope, big_block))
                             : at(focus_->first_memory_block, big_block);
}
SymInt SymbolicNumbering::section_of_big_block(const Scope& scope, int slot) const {
    return focus_ == nullptr ? SymInt(Exact::section_of_big_block(scope, slot))
                             : at(focus_->section_of_big_block, slot);
}

int SymbolicNumbering::big_block_at(const Scope& scope, const SymInt& position) const {
    if (focus_ == nullptr) return Exact::big_block_at(scope, position);
    return slot_at(focus_->big_block, 0, scope.big_blocks, position, focus_->big_blocks);
}
int SymbolicNumbering::memory_block_at(const Scope& scope, const SymInt& position) const {
    if (focus_ == nullptr) return Exact::memory_block_at(scope, position);
    return slot_at(focus_->memory_block, 0, scope.total_memory_blocks(), position, position + 1);
}
int SymbolicNumbering::memory_block_of_big_block_at(const Scope& scope, int big_block, const SymInt& position) const {
    if (focus_ == nullptr) return Exact::memory_block_of_big_block_at(scope, big_block, position);
    return slot_at(focus_->memory_block_of_big_block, big_block * scope.memory_blocks, scope.memory_blocks, position,
                   focus_->memory_blocks);
}
int SymbolicNumbering::section_of_big_block_at(const Scope& scope, int big_block, const SymInt& position) const {
    if (focus_ == nullptr) return Exact::section_of_big_block_at(scope, big_block, position);
    return slot_at(focus_->section_of_big_block, big_block * scope.sections_per_big_block(),
                   scope.sections_per_big_block(), position, focus_->sections_per_big_block);
}
int SymbolicNumbering::block_of_section_at(const Scope& scope, int section, const SymInt& position) const {
    if (focus_ == nullptr) return Exact::block_of_section_at(scope, section, position);
    return slot_at(focus_->block_of_section, section * scope.page_blocks, scope.page_blocks, position,
                   focus_->page_blocks);
}
int SymbolicNumbering::block_of_memory_block_at(const Scope& scope, int memory_block, const SymInt& position) const {
    if (focus_ == nullptr) return Exact::block_of_memory_block_at(scope, memory_block, position);
    const int blocks = scope.page_blocks_per_memory_block();
    return slot_at(focus_->block_of_memory_block, memory_block * blocks, blocks, position,
                   focus_->page_blocks_per_memory_block);
}

SymBool SymbolicNumbering::has_big_block(const Scope&, const SymInt& position) const {
    return focus_ == nullptr ? SymBool(true) : is_one_of(focus_->big_block, position);
}
SymBool SymbolicNumbering::has_memory_block(const Scope&, const SymInt& position) const {
    return focus_ == nullptr ? SymBool(true) : is_one_of(focus_->memory_block, position);
}
SymBool SymbolicNumbering::memory_block_exists(const Scope& scope, const SymInt& position) const {
    return focus_ == nullptr ? Exact::memory_block_exists(scope, position) : position >= 0;
}

SymInt SymbolicNumbering::big_blocks(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::big_blocks(scope)) : focus_->big_blocks;
}
SymInt SymbolicNumbering::memory_blocks(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::memory_blocks(scope)) : focus_->memory_blocks;
}
SymInt SymbolicNumbering::sections_per_big_block(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::sections_per_big_block(scope)) : focus_->sections_per_big_block;
}
SymInt SymbolicNumbering::page_blocks(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::page_blocks(scope)) : focus_->page_blocks;
}
SymInt SymbolicNumbering::page_blocks_per_memory_block(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::page_blocks_per_memory_block(scope))
                             : focus_->page_blocks_per_memory_block;
}
SymInt SymbolicNumbering::pages_per_section(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::pages_per_section(scope)) : focus_->pages_per_section;
}
SymInt SymbolicNumbering::pages_per_memory_block(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::pages_per_memory_block(scope)) : focus_->pages_per_memory_block;
}
SymInt SymbolicNumbering::offline_threshold(const Scope& scope) const {
    return focus_ == nullptr ? SymInt(Exact::offline_threshold(scope)) : focus_->offline_threshold;
}

bool SymbolicNumbering::elsewhere() const { return focus_ != nullptr && PathOracle::current().choose(2) == 1; }
SymInt SymbolicNumbering::any_number() const {
    return focus_ == nullptr ? SymInt(0) : SymInt(PathOracle::current().fresh_number());
}

}  // namespace vmemcheck::bbm::spec

// SPDX-License-Identifier: MIT
#include "checker/symmetry.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>
#include <set>

namespace vmemcheck::checker {

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

/// The product, or most.
std::uint64_t times(std::uint64_t a, std::uint64_t b) { return b != 0 && a > most / b ? most : a * b; }
std::uint64_t factorial(std::uint64_t n) {
    std::uint64_t product = 1;
    for (std::uint64_t i = 2; i <= n; ++i) product = times(product, i);
    return product;
}

}  // namespace

Symmetry::Symmetry(std::span<const Scalarset> sets, std::span<const FieldInfo> fields, std::size_t state_bytes)
    : bytes_(state_bytes), from_(state_bytes), to_(state_bytes), best_(state_bytes) {
    for (const Scalarset& declared : sets) {
        if (declared.size < 2) continue;
        error_ = adopt(declared, fields, state_bytes);
        if (!error_.empty()) {
            error_ = "symmetry of " + declared.name + ": " + error_;
            return;
        }
    }
    error_ = classify();
}

std::string Symmetry::adopt(const Scalarset& declared, std::span<const FieldInfo> fields, std::size_t state_bytes) {
    std::map<std::size_t, const FieldInfo*> by_offset;
    for (const FieldInfo& field : fields) by_offset[field.offset] = &field;
    Set set;
    set.name = declared.name;
    set.size = declared.size;
    const auto find = [&](std::size_t offset) -> const FieldInfo* {
        const auto found = by_offset.find(offset);
        return found == by_offset.end() || offset + found->second->size > state_bytes ? nullptr : found->second;
    };
    const auto field_of = [](const FieldInfo& info) {
        return Field{static_cast<std::uint32_t>(info.offset), static_cast<std::uint8_t>(info.size)};
    };
    // Fields of different parts must be able to hold the same.
    const auto same = [&](const std::vector<std::size_t>& model, const std::vector<std::size_t>& other,
                          std::vector<Field>& out) -> std::string {
        if (model.size() != other.size()) return "its parts have not equally many fields";
        for (std::size_t k = 0; k < other.size(); ++k) {
            const FieldInfo* const a = find(model[k]);
            const FieldInfo* const b = find(other[k]);
            if (a == nullptr || b == nullptr) return "a field of it is not described";
            if (a->size != b->size || a->low != b->low || a->high != b->high) {
                return a->name + " and " + b->name + " have not the same bounds";
            }
            out.push_back(field_of(*b));
        }
        return {};
    };
    set.part.resize(set.size);
    set.pair.assign(set.size, std::vector<std::vector<Field>>(set.size));
    for (unsigned i = 0; i < set.size; ++i) {
        if (std::string bad = same(declared.part[0], declared.part[i], set.part[i]); !bad.empty()) return bad;
        for (unsigned j = 0; j < set.size; ++j) {
            // What a part has of itself need not be what it has of others.
            const auto& model = i == j ? declared.pair[0][0] : declared.pair[0][1];
            if (std::string bad = same(model, declared.pair[i][j], set.pair[i][j]); !bad.empty()) return bad;
        }
    }
    for (const Scalarset::Reference& reference : declared.references) {
        const FieldInfo* const info = find(reference.field);
        if (info == nullptr) return "a reference to it is not described";
        if (reference.first < info->low || reference.first + static_cast<int>(set.size) - 1 > info->high) {
            return info->name + " cannot name all of its parts";
        }
        set.references.push_back({field_of(*info), reference.first});
    }
    set.order.resize(set.size);
    std::iota(set.order.begin(), set.order.end(), 0U);
    set.keys.resize(set.size);
    for (unsigned i = 0; i + 1 < set.size; ++i) exchanges_.emplace_back(sets_.size(), i);
    sets_.push_back(std::move(set));
    return {};
}

std::string Symmetry::classify() {
    // Of each field: the sets whose parts it names, and from which value on.
    std::map<std::uint32_t, std::map<std::size_t, int>> names;
    for (std::size_t n = 0; n < sets_.size(); ++n) {
        for (const Reference& reference : sets_[n].references) {
            if (names[reference.field.offset].emplace(n, reference.first).second) continue;
            return "symmetry of " + sets_[n].name + ": a field is declared twice to name one of its parts";
        }
    }
    const auto alike = [&](const std::vector<Field>& all, const std::vector<Field>& model) {
        return std::equal(all.begin(), all.end(), model.begin(), model.end(), [&](Field a, Field b) {
            const auto x = names.find(a.offset);
            const auto y = names.find(b.offset);
            return x == names.end() || y == names.end() ? x == y : x->second == y->second;
        });
    };
    const auto plain = [&](const std::vector<Field>& all) {
        std::vector<Field> some;
        for (const Field field : all) {
            if (!names.contains(field.offset)) some.push_back(field);
        }
        return some;
    };
    std::set<std::uint32_t> moved;
    for (std::size_t n = 0; n < sets_.size(); ++n) {
        Set& set = sets_[n];
        const std::string what = "symmetry of " + set.name + ": ";
        set.entangled = !set.references.empty();
        for (unsigned i = 0; i < set.size; ++i) {
            std::vector<Field> all = set.part[i];
            for (const auto& pair : set.pair[i]) all.insert(all.end(), pair.begin(), pair.end());
            for (const Field field : all) {
                if (!moved.insert(field.offset).second) {
                    return what + "a field belongs to two parts, or to one of another set";
                }
            }
            bool same = alike(set.part[i], set.part[0]);
            for (unsigned j = 0; j < set.size; ++j) {
                same = same && alike(set.pair[i][j], i == j ? set.pair[0][0] : set.pair[0][1]);
            }
            if (!same) return what + "a field of one part names a part, and that of another does not";
            set.plain.push_back(plain(set.part[i]));
            set.entangled = set.entangled || set.plain[i].size() != set.part[i].size();
            auto& pairs = set.plain_pair.emplace_back();
            for (const auto& pair : set.pair[i]) {
                set.entangled = set.entangled || !pair.empty();
                pairs.push_back(plain(pair));
            }
            auto& own = set.own.emplace_back();
            for (const Field field : set.part[i]) {
                const auto found = names.find(field.offset);
                if (found == names.end()) continue;
                const auto to_this = found->second.find(n);
                if (to_this != found->second.end()) own.push_back({field, to_this->second});
            }
        }
        any_entangled_ = any_entangled_ || set.entangled;
    }
    for (Set& set : sets_) {
        for (const Reference& reference : set.references) {
            if (!moved.contains(reference.field.offset)) set.outside.push_back(reference);
        }
    }
    return {};
}

void Symmetry::sort_plain(Set& set, unsigned char* state) const {
    const auto less = [&](unsigned a, unsigned b) {
        for (std::size_t k = 0; k < set.part[a].size(); ++k) {
            const int x = load(state, set.part[a][k]);
            const int y = load(state, set.part[b][k]);
            if (x != y) return x < y;
        }
        return false;
    };
    // Insertion: a step leaves all but a few parts in order.
    for (unsigned i = 1; i < set.size; ++i) {
        for (unsigned j = i; j > 0 && less(j, j - 1); --j) {
            for (std::size_t k = 0; k < set.part[j].size(); ++k) {
                const int value = load(state, set.part[j][k]);
                store(state, set.part[j][k], load(state, set.part[j - 1][k]));
                store(state, set.part[j - 1][k], value);
            }
        }
    }
}

void Symmetry::make_keys(Set& set, const unsigned char* state) const {
    const auto names = [&](const Reference& reference) { return load(state, reference.field) - reference.first; };
    const auto is_part = [&](int named) { return named >= 0 && named < static_cast<int>(set.size); };
    for (unsigned i = 0; i < set.size; ++i) {
        std::vector<int>& key = set.keys[i];
        key.clear();
        for (const Field field : set.plain[i]) key.push_back(load(state, field));
        for (const Field field : set.plain_pair[i][i]) key.push_back(load(state, field));
        for (const Reference& reference : set.outside) key.push_back(names(reference) == static_cast<int>(i) ? 1 : 0);
        for (const Reference& reference : set.own[i]) {
            const int named = names(reference);
            key.push_back(!is_part(named) ? 0 : named == static_cast<int>(i) ? 2 : 1);
            key.push_back(is_part(named) ? 0 : named);
        }
        // Who names it, and what it has of others: as often as each.
        for (std::size_t k = 0; k < set.own[i].size(); ++k) {
            int count = 0;
            for (unsigned j = 0; j < set.size; ++j) count += names(set.own[j][k]) == static_cast<int>(i) ? 1 : 0;
            key.push_back(count);
        }
        for (const bool out : {true, false}) {
            const std::size_t begin = key.size();
            for (unsigned j = 0; j < set.size; ++j) {
                if (j == i) continue;
                std::uint32_t code = 0;
                for (const Field field : out ? set.plain_pair[i][j] : set.plain_pair[j][i]) {
                    code = code * 31 + static_cast<std::uint32_t>(load(state, field));
                }
                key.push_back(static_cast<int>(code));
            }
            std::sort(key.begin() + static_cast<std::ptrdiff_t>(begin), key.end());
        }
    }
}

void Symmetry::find_ties(const unsigned char* state) {
    ties_.clear();
    for (std::size_t n = 0; n < sets_.size(); ++n) {
        Set& set = sets_[n];
        if (!set.entangled) continue;
        make_keys(set, state);
        std::iota(set.order.begin(), set.order.end(), 0U);
        std::stable_sort(set.order.begin(), set.order.end(),
                         [&](unsigned a, unsigned b) { return set.keys[a] < set.keys[b]; });
        for (unsigned begin = 0; begin < set.size;) {
            unsigned end = begin + 1;
            while (end < set.size && set.keys[set.order[end]] == set.keys[set.order[begin]]) ++end;
            if (end - begin > 1) ties_.push_back({n, begin, end});
            begin = end;
        }
    }
}

void Symmetry::arrange_set(const Set& set, const unsigned char* from, unsigned char* to) {
    const auto move = [&](Field source, Field target) {
        std::memcpy(to + target.offset, from + source.offset, source.size);
    };
    for (unsigned i = 0; i < set.size; ++i) {
        const unsigned old = set.order[i];
        for (std::size_t k = 0; k < set.part[i].size(); ++k) move(set.part[old][k], set.part[i][k]);
        for (unsigned j = 0; j < set.size; ++j) {
            for (std::size_t k = 0; k < set.pair[i][j].size(); ++k) {
                move(set.pair[old][set.order[j]][k], set.pair[i][j][k]);
            }
        }
    }
}

void Symmetry::arrange(const unsigned char* from, unsigned char* to) const {
    std::memcpy(to, from, bytes_);
    for (const Set& set : sets_) {
        if (set.entangled) arrange_set(set, from, to);
    }
    for (const Set& set : sets_) {
        if (!set.entangled) continue;
        for (const Reference& reference : set.references) {
            const int named = load(to, reference.field) - reference.first;
            if (named < 0 || named >= static_cast<int>(set.size)) continue;
            const auto place = std::find(set.order.begin(), set.order.end(), static_cast<unsigned>(named));
            store(to, reference.field, reference.first + static_cast<int>(place - set.order.begin()));
        }
    }
}

template <class Look>
void Symmetry::each_order(const Look& look) {
    for (std::uint64_t tried = 0; tried < most_orders; ++tried) {
        look();
        std::size_t t = 0;
        for (; t < ties_.size(); ++t) {
            auto& order = sets_[ties_[t].set].order;
            if (std::next_permutation(order.begin() + ties_[t].begin, order.begin() + ties_[t].end)) break;
        }
        if (t == ties_.size()) return;
    }
}

void Symmetry::normalize_bytes(unsigned char* state) {
    for (Set& set : sets_) {
        if (!set.entangled) sort_plain(set, state);
    }
    if (!any_entangled_) return;
    find_ties(state);
    bool first = true;
    each_order([&] {
        arrange(state, to_.data());
        if (!first && std::memcmp(to_.data(), best_.data(), bytes_) >= 0) return;
        best_.swap(to_);
        first = false;
    });
    std::memcpy(state, best_.data(), bytes_);
}

std::uint64_t Symmetry::orbit_bytes(const unsigned char* state) {
    std::uint64_t states = 1;
    for (const Set& set : sets_) {
        if (set.entangled) continue;
        // A multinomial coefficient, as a product in which each beginning is one, too.
        std::uint64_t arrangements = 1;
        for (unsigned i = 1, run = 1; i < set.size; ++i) {
            bool equal = true;
            for (std::size_t k = 0; k < set.part[i].size(); ++k) {
                equal = equal && load(state, set.part[i][k]) == load(state, set.part[i - 1][k]);
            }
            run = equal ? run + 1 : 1;
            arrangements = times(arrangements, i + 1U);
            if (arrangements == most) return most;
            arrangements /= run;
        }
        states = times(states, arrangements);
    }
    if (!any_entangled_) return states;
    // Orders that change nothing leave keys as they are, so they are among those tried.
    std::memcpy(from_.data(), state, bytes_);
    find_ties(from_.data());
    std::uint64_t unchanged = 0;
    std::uint64_t group = 1;
    bool first = true;
    each_order([&] {
        arrange(from_.data(), to_.data());
        if (first) best_ = to_;
        first = false;
        unchanged += std::memcmp(to_.data(), best_.data(), bytes_) == 0 ? 1 : 0;
    });
    for (const Set& set : sets_) {
        if (set.entangled) group = times(group, factorial(set.size));
    }
    return times(states, group / std::max<std::uint64_t>(1, unchanged));
}

void Symmetry::exchange_bytes(unsigned char* state, std::size_t which) {
    const auto [number, i] = exchanges_[which];
    Set& set = sets_[number];
    std::iota(set.order.begin(), set.order.end(), 0U);
    std::swap(set.order[i], set.order[i + 1]);
    std::memcpy(from_.data(), state, bytes_);
    arrange_set(set, from_.data(), state);
    for (const Reference& reference : set.references) {
        const auto named = static_cast<unsigned>(load(state, reference.field) - reference.first);
        if (named == i || named == i + 1) {
            store(state, reference.field, reference.first + static_cast<int>(named == i ? i + 1 : i));
        }
    }
}

std::string Symmetry::exchange_text(std::size_t which) const {
    const auto [number, i] = exchanges_[which];
    return sets_[number].name + " " + std::to_string(i) + " and " + std::to_string(i + 1);
}

}  // namespace vmemcheck::checker

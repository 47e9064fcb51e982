// SPDX-License-Identifier: MIT
#include "checker/fairness.hpp"

namespace vmemcheck::checker {

const char* text(FairnessKind kind) {
    switch (kind) {
        case FairnessKind::weak:
            return "weakly fair";
        case FairnessKind::strong:
            return "strongly fair";
        case FairnessKind::ceases:
            return "ceases";
    }
    return "?";
}

FairnessSet of_kind(std::span<const FairnessInfo> list, FairnessKind kind) {
    FairnessSet set = 0;
    for (unsigned i = 0; i < list.size(); ++i) {
        if (list[i].kind == kind) set |= FairnessSet{1} << i;
    }
    return set;
}

std::vector<std::string> names_of(std::span<const FairnessInfo> list, FairnessSet set) {
    std::vector<std::string> names;
    for (unsigned i = 0; i < list.size(); ++i) {
        if ((set >> i & 1U) != 0) names.emplace_back(list[i].name);
    }
    return names;
}

}  // namespace vmemcheck::checker

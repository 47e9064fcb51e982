// SPDX-License-Identifier: MIT
/// \file
/// What a search in rounds counted and found, apart from the states: the other half of a checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "checker/archive.hpp"
#include "checker/coverage.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/place.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"

namespace vmemcheck::checker::detail {

/// Between two rounds.
template <Model M>
struct RoundFigures {
    Statistics statistics;
    std::uint64_t expanded = 0;  ///< states
    std::uint64_t depth = 0;
    typename Monitor<M>::Seen seen;
    Coverage coverage;
    std::vector<Hit> hits;

    void save(ArchiveWriter& to) const {
        to.value(statistics);
        to.value(expanded);
        to.value(depth);
        to.list(std::span(seen.decided));
        to.list(std::span(seen.seen));
        to.value(seen.unclaimed);
        coverage.save(to);
        to.value<std::uint64_t>(hits.size());
        for (const Hit& hit : hits) {
            to.value<std::uint64_t>(hit.property);
            to.value(hit.message != nullptr);
            to.text(hit.message != nullptr ? std::string_view(hit.message) : std::string_view());
            to.value(hit.place);
        }
    }
    /// \param messages keeps the text that hits point to
    void load(ArchiveReader& from, std::size_t properties, std::deque<std::string>& messages) {
        statistics = from.value<Statistics>();
        expanded = from.value<std::uint64_t>();
        depth = from.value<std::uint64_t>();
        seen.decided = from.list<char>();
        seen.seen = from.list<char>();
        from.require(seen.decided.size() == properties && seen.seen.size() == properties,
                     "the number of properties is wrong");
        seen.unclaimed = from.value<std::uint64_t>();
        coverage.load(from);
        const std::size_t count = from.length(1);
        for (std::size_t i = 0; i < count; ++i) {
            Hit hit;
            hit.property = from.value<std::uint64_t>();
            const bool message = from.value<bool>();
            messages.push_back(from.text());
            if (message) hit.message = messages.back().c_str();
            hit.place = from.value<Place>();
            from.require(hit.property < properties, "a property is not known");
            hits.push_back(hit);
        }
    }
};

/// What has to be the same for a search to go on from a checkpoint: CheckpointOptions::identity, and what the checker
/// itself knows of the model.
template <Model M>
[[nodiscard]] std::string identity_of(const M& model, const std::vector<Property<M>>& properties, const Layout& layout,
                                      const SearchOptions& options) {
    std::string text = options.checkpoint.identity;
    if (!text.empty() && text.back() != '\n') text += '\n';
    const auto line = [&text](const std::string& what, const std::string& value) {
        text += what + ": " + value + '\n';
    };
    const auto yes = [](bool is) { return std::string(is ? "yes" : "no"); };
    line("fused steps", yes(options.fuse));
    line("properties on fused steps", yes(options.check_fused));
    line("symmetry", yes(options.symmetry));
    line("partial-order reduction", yes(options.partial_order));
    line("end when all is decided", yes(options.stop_when_decided));
    line("states before fields are grouped", std::to_string(options.regroup_states));
    line("bits of a hash", std::to_string(options.approximation.hash_bits));
    line("bytes of the bit array", std::to_string(options.approximation.array_bytes));
    line("bits of a state in it", std::to_string(options.approximation.array_hashes));
    line("bytes of a state", std::to_string(sizeof(typename M::State)));
    line("actors", std::to_string(model.actor_count()));
    line("steps", std::to_string(model.steps().size()));
    line("choices", std::to_string(model.choices().size()));
    line("properties", std::to_string(properties.size()));
    for (std::size_t i = 0; i < properties.size(); ++i) {
        line("property " + std::to_string(i + 1),
             properties[i].id + " (" + std::string(checker::text(properties[i].kind)) + ")");
    }
    for (const FieldInfo& field : layout.fields()) {
        line("field " + field.name, std::to_string(field.offset) + ", " + std::to_string(field.size) + " bytes, " +
                                        std::to_string(field.low) + " to " + std::to_string(field.high));
    }
    return text;
}

}  // namespace vmemcheck::checker::detail

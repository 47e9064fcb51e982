// SPDX-License-Identifier: MIT
#include "checker/fair_lasso.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <limits>
#include <unordered_map>
#include <utility>

#include "checker/fair_components.hpp"

namespace vmemcheck::checker {

namespace {

using Edge = StateGraph::Edge;

constexpr std::uint32_t far = std::numeric_limits<std::uint32_t>::max();

/// Where a violation may be for ever, how far each such state is, and how to get there.
class Region {
 public:
    Region(const StateGraph& graph, const LivenessQuery& query) : graph_(graph), query_(query), inside_(graph.size()) {
        if (query.kind == PropertyKind::leads_to) {
            from_triggers();
            return;
        }
        for (StateIndex state = 0; state < graph.size(); ++state) {
            inside_[state] = graph.expanded(state) && (query.kind == PropertyKind::eventually_always || !holds(state));
        }
    }

    [[nodiscard]] const std::vector<bool>& inside() const { return inside_; }
    /// Transitions from an initial state, for leads_to by way of a trigger.
    [[nodiscard]] std::uint32_t distance(StateIndex state) const {
        return distance_.empty() ? graph_.distance(state) : distance_[state];
    }
    /// The root of a shortest run to a state, and the edges from there.
    [[nodiscard]] std::pair<StateIndex, std::vector<Edge>> path_to(StateIndex state) const {
        std::vector<Edge> edges;
        if (!distance_.empty()) {
            while (from_[state] != no_state) {
                edges.push_back(edge_between(from_[state], state));
                const bool root = pending_.contains(state);
                state = from_[state];
                if (root) break;
            }
            std::reverse(edges.begin(), edges.end());
        }
        return {state, std::move(edges)};
    }
    [[nodiscard]] std::size_t bytes() const {
        return inside_.size() / 8 + (distance_.size() + from_.size()) * sizeof(std::uint32_t);
    }

 private:
    [[nodiscard]] bool holds(StateIndex state) const { return graph_.holds(state, query_.property); }
    [[nodiscard]] bool in(PropertySet set) const { return (set >> query_.property & 1U) != 0; }

    /// Breadth first from the states with the trigger, each as far as it is already, through states in which the
    /// predicate does not hold.
    void from_triggers() {
        distance_.assign(graph_.size(), far);
        from_.assign(graph_.size(), no_state);
        struct Source {
            std::uint32_t distance;
            StateIndex state;
            StateIndex from;
        };
        std::vector<Source> sources;
        for (StateIndex state = 0; state < graph_.size(); ++state) {
            if (graph_.triggered(state, query_.property) && !holds(state)) {
                sources.push_back({graph_.distance(state), state, no_state});
            }
            for (Edge edge = graph_.first_edge(state); edge != graph_.end_edge(state); ++edge) {
                const StateIndex to = graph_.target(edge);
                if (!in(graph_.label(graph_.label_id(edge)).pending) || holds(to)) continue;
                sources.push_back({graph_.distance(state) + 1, to, state});
            }
        }
        std::stable_sort(sources.begin(), sources.end(),
                         [](const Source& a, const Source& b) { return a.distance < b.distance; });
        std::vector<StateIndex> queue;
        std::size_t next_source = 0;
        const auto visit = [&](StateIndex state, std::uint32_t distance, StateIndex from) {
            if (distance_[state] != far) return false;
            distance_[state] = distance;
            from_[state] = from;
            inside_[state] = graph_.expanded(state);
            queue.push_back(state);
            return true;
        };
        for (std::size_t next = 0; next < queue.size() || next_source < sources.size();) {
            const std::uint32_t at = next < queue.size() ? distance_[queue[next]] : far;
            if (next_source < sources.size() && sources[next_source].distance <= at) {
                const Source& source = sources[next_source++];
                const bool first = visit(source.state, source.distance, source.from);
                if (first && source.from != no_state) pending_.emplace(source.state, true);
                continue;
            }
            const StateIndex state = queue[next++];
            for (Edge edge = graph_.first_edge(state); edge != graph_.end_edge(state); ++edge) {
                const StateIndex to = graph_.target(edge);
                if (!holds(to) && !in(graph_.label(graph_.label_id(edge)).holds)) visit(to, at + 1, state);
            }
        }
    }
    /// The edge that from_triggers() followed.
    [[nodiscard]] Edge edge_between(StateIndex from, StateIndex to) const {
        const bool first = pending_.contains(to) && from_[to] == from;
        for (Edge edge = graph_.first_edge(from); edge != graph_.end_edge(from); ++edge) {
            if (graph_.target(edge) != to) continue;
            const EdgeLabel& label = graph_.label(graph_.label_id(edge));
            if (first ? in(label.pending) : !in(label.holds)) return edge;
        }
        return graph_.end_edge(from);  // not possible
    }

    const StateGraph& graph_;
    LivenessQuery query_;
    std::vector<bool> inside_;
    std::vector<std::uint32_t> distance_;  ///< leads_to only, as is what follows
    std::vector<StateIndex> from_;
    std::unordered_map<StateIndex, bool> pending_;  ///< the trigger is within the edge from from_[state]
};

/// What a cycle has shown so far of the fairness it must show.
struct Shown {
    FairnessSet done = 0;  ///< weak: taken, or seen not enabled; strong: taken
    FairnessSet seen = 0;  ///< strong: seen enabled, and not taken
    bool accepted = false;

    friend bool operator==(const Shown&, const Shown&) = default;
};

/// The shortest lasso through fair components.
class Shortest {
 public:
    Shortest(const StateGraph& graph, const LivenessQuery& query, const Region& region, const FairComponents& fair)
        : graph_(graph), query_(query), region_(region), fair_(fair) {}

    [[nodiscard]] std::optional<AbstractLasso> find() {
        if (fair_.states().empty()) return std::nullopt;
        std::vector<Start> starts;
        for (const StateIndex state : fair_.states()) {
            starts.push_back({region_.distance(state), state, true});
            // Or the trigger is in the cycle itself, and need not be on the way there.
            const std::uint32_t straight = graph_.distance(state);
            if (query_.kind == PropertyKind::leads_to && straight < region_.distance(state)) {
                starts.push_back({straight, state, false});
            }
        }
        std::stable_sort(starts.begin(), starts.end(),
                         [](const Start& a, const Start& b) { return a.distance < b.distance; });
        // Any cycle to begin with, so that there is one when the work is cut off.
        best_start_ = *std::find_if(starts.begin(), starts.end(), [](const Start& start) { return start.triggered; });
        best_ = some_cycle(best_start_.state);
        best_length_ = best_start_.distance + best_.size();
        bool exact = true;
        for (const Start& start : starts) {
            if (start.distance >= best_length_) break;
            exact = shorter_cycle(start, best_length_ - start.distance) && exact;
            if (work_ > most_work) break;
        }
        auto [root, edges] = best_start_.triggered ? region_.path_to(best_start_.state)
                                                   : std::pair<StateIndex, std::vector<Edge>>{best_start_.state, {}};
        AbstractLasso lasso;
        lasso.root = root;
        lasso.loop = edges.size();
        edges.insert(edges.end(), best_.begin(), best_.end());
        lasso.edges = std::move(edges);
        lasso.shortest = exact;
        return lasso;
    }

 private:
    static constexpr std::size_t most_work = 8'000'000;  ///< pairs of state and Shown looked at

    /// Where a cycle may begin.
    struct Start {
        std::uint32_t distance = 0;
        StateIndex state = no_state;
        bool triggered = true;  ///< leads_to: by way of the trigger, which then need not be in the cycle
    };
    struct Node {
        StateIndex state;
        Shown shown;
        std::uint32_t from;  ///< index of the node before
        Edge edge;           ///< from there
        std::uint32_t depth;
    };
    struct Key {
        StateIndex state;
        Shown shown;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const {
            std::size_t seed = key.state;
            boost::hash_combine(seed, key.shown.done);
            boost::hash_combine(seed, key.shown.seen);
            boost::hash_combine(seed, key.shown.accepted);
            return seed;
        }
    };

    [[nodiscard]] Shown in_state(Shown shown, StateIndex state) const {
        const FairnessSet enabled = graph_.enabled(state);
        shown.done |= query_.weak & ~enabled;
        shown.seen |= query_.strong & enabled & ~shown.done;
        shown.accepted = shown.accepted || accepts_state(state);
        return shown;
    }
    [[nodiscard]] Shown along(Shown shown, Edge edge) const {
        const FairnessSet taken = graph_.label(graph_.label_id(edge)).actions;
        shown.done |= taken & (query_.weak | query_.strong);
        shown.seen &= ~shown.done;
        shown.accepted = shown.accepted || accepts(edge);
        return in_state(shown, graph_.target(edge));
    }
    /// Whether a state, or an edge, has what the cycle must have: that the predicate fails, or the trigger.
    [[nodiscard]] bool accepts_state(StateIndex state) const {
        if (query_.kind == PropertyKind::leads_to) return graph_.triggered(state, query_.property);
        return fair_.accepts_state(state);
    }
    [[nodiscard]] bool accepts(Edge edge) const {
        if (query_.kind != PropertyKind::leads_to) return fair_.accepts(edge);
        return (graph_.label(graph_.label_id(edge)).pending >> query_.property & 1U) != 0;
    }
    [[nodiscard]] bool enough(const Shown& shown) const {
        return shown.accepted && (query_.weak & ~shown.done) == 0 && shown.seen == 0;
    }

    /// Looks for a fair cycle from `start` with fewer than `limit` edges. \return false if the work was cut off
    bool shorter_cycle(const Start& start, std::size_t limit) {
        const bool given = query_.kind == PropertyKind::leads_to && start.triggered;
        const Shown at_start = in_state({0, 0, given}, start.state);
        if (enough(at_start)) return take(start, {});
        std::vector<Node> nodes{{start.state, at_start, 0, 0, 0}};
        std::unordered_map<Key, bool, KeyHash> known;
        known.emplace(Key{start.state, at_start}, true);
        for (std::uint32_t next = 0; next < nodes.size(); ++next) {
            const Node node = nodes[next];
            if (node.depth + 1 >= limit) return true;
            if (++work_ > most_work) return false;
            for (Edge edge = graph_.first_edge(node.state); edge != graph_.end_edge(node.state); ++edge) {
                if (!fair_.stays(node.state, edge)) continue;
                const StateIndex to = graph_.target(edge);
                const Shown shown = along(node.shown, edge);
                if (to == start.state && enough(shown)) {
                    std::vector<Edge> cycle{edge};
                    for (std::uint32_t i = next; i != 0; i = nodes[i].from) cycle.push_back(nodes[i].edge);
                    std::reverse(cycle.begin(), cycle.end());
                    return take(start, std::move(cycle));
                }
                if (known.try_emplace(Key{to, shown}, true).second) {
                    nodes.push_back({to, shown, next, edge, node.depth + 1});
                }
            }
        }
        return true;
    }
    bool take(const Start& start, std::vector<Edge> cycle) {
        best_start_ = start;
        best_length_ = start.distance + cycle.size();
        best_ = std::move(cycle);
        return true;
    }

    /// A fair cycle through `start`, one obligation after the other, each on the shortest way.
    [[nodiscard]] std::vector<Edge> some_cycle(StateIndex start) const {
        std::vector<Edge> cycle;
        Shown shown = in_state({0, 0, query_.kind == PropertyKind::leads_to}, start);
        const FairnessSet strong = query_.strong & fair_.some_enabled(fair_.of(start));
        const auto missing = [&](const Shown& s) {
            return (query_.weak & ~s.done) | (strong & ~s.done) | (s.accepted ? 0 : FairnessSet{1} << 31U);
        };
        StateIndex at = start;
        if (enough(shown)) return cycle;
        while (missing(shown) != 0) {
            const auto more = way(at, [&](Edge edge) { return missing(along(shown, edge)) != missing(shown); });
            for (const Edge edge : more) shown = along(shown, edge);
            cycle.insert(cycle.end(), more.begin(), more.end());
            if (more.empty()) break;  // not possible in a fair component
            at = graph_.target(more.back());
        }
        if (at == start && !cycle.empty()) return cycle;
        const auto back = way(at, [&](Edge edge) { return graph_.target(edge) == start; });
        cycle.insert(cycle.end(), back.begin(), back.end());
        return cycle;
    }
    /// The shortest way from a state, within its component, that ends with an edge that is wanted.
    template <class Wanted>
    [[nodiscard]] std::vector<Edge> way(StateIndex from, Wanted&& wanted) const {
        struct Step {
            StateIndex from;
            Edge edge;
        };
        std::unordered_map<StateIndex, Step> known;
        std::vector<StateIndex> queue{from};
        known.emplace(from, Step{from, 0});
        for (std::size_t next = 0; next < queue.size(); ++next) {
            const StateIndex state = queue[next];
            for (Edge edge = graph_.first_edge(state); edge != graph_.end_edge(state); ++edge) {
                if (!fair_.stays(state, edge)) continue;
                if (wanted(edge)) {
                    std::vector<Edge> edges{edge};
                    for (StateIndex back = state; back != from; back = known.at(back).from) {
                        edges.push_back(known.at(back).edge);
                    }
                    std::reverse(edges.begin(), edges.end());
                    return edges;
                }
                if (known.try_emplace(graph_.target(edge), Step{state, edge}).second)
                    queue.push_back(graph_.target(edge));
            }
        }
        return {};
    }

    const StateGraph& graph_;
    const LivenessQuery query_;
    const Region& region_;
    const FairComponents& fair_;
    Start best_start_;
    std::vector<Edge> best_;
    std::size_t best_length_ = 0;
    std::size_t work_ = 0;
};

}  // namespace

LassoSearch find_fair_lasso(const StateGraph& graph, const LivenessQuery& query, const std::atomic<bool>* stop) {
    LassoSearch result;
    const Region region(graph, query);
    const FairComponents fair(graph, query, region.inside(), stop);
    result.bytes = region.bytes() + fair.peak_bytes();
    result.interrupted = fair.interrupted();
    if (!result.interrupted) result.lasso = Shortest(graph, query, region, fair).find();
    return result;
}

}  // namespace vmemcheck::checker

// SPDX-License-Identifier: MIT
#include "cli/graph_views.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

#include "cli/notification.hpp"
#include "cli/text.hpp"
#include "model/steps.hpp"

namespace vmemcheck::cli {

namespace {

using checker::Quotient;
using Key = Quotient::Key;

constexpr std::array<ViewInfo, 5> all_views{{
    {"block-notifier", "a big block's state, and the notification of which the driver's callback is running", 1, true},
    {"worker", "the program counter of the driver's worker", 0, true},
    {"memory-block", "a memory block's life: its state, whether its sections are online, its zone", 2, true},
    {"lock-order", "locks: an edge from the one that is held to the one that is taken meanwhile", 0, false},
    {"waits", "who waits for whom, and for what", 0, false},
}};

/// A transition that the system provides for, between two values of a node's first part.
struct Declared {
    int from;
    int to;
};

/// By the driver's code and its comments on enum virtio_mem_bbm_bb_state.
constexpr std::array<Declared, 8> declared_big_block{{
    {bbm::big_block::unused, bbm::big_block::added},   // plugged, about to be added
    {bbm::big_block::added, bbm::big_block::unused},   // not added after all, or removed (unsafe unplug); unplugged
    {bbm::big_block::added, bbm::big_block::plugged},  // the same, but the device did not unplug it
    {bbm::big_block::added, bbm::big_block::fake_offline},    // safe unplug: about to be taken from the page allocator
    {bbm::big_block::fake_offline, bbm::big_block::added},    // rolled back
    {bbm::big_block::fake_offline, bbm::big_block::unused},   // offlined, removed and unplugged
    {bbm::big_block::fake_offline, bbm::big_block::plugged},  // the same, but the device did not unplug it
    {bbm::big_block::plugged, bbm::big_block::unused},        // the worker's next run unplugs it
}};
/// By struct memory_block's states and who sets them.
constexpr std::array<Declared, 6> declared_memory_block{{
    {bbm::memory_block::absent, bbm::memory_block::offline},
    {bbm::memory_block::offline, bbm::memory_block::online},
    {bbm::memory_block::online, bbm::memory_block::going_offline},
    {bbm::memory_block::going_offline, bbm::memory_block::offline},
    {bbm::memory_block::going_offline, bbm::memory_block::online},
    {bbm::memory_block::offline, bbm::memory_block::absent},
}};

/// The quotient's edges with all of their actors and steps together.
std::vector<GraphEdge> edges_of(const Quotient& quotient,
                                const std::function<GraphUse(const Quotient::Edge&)>& use_of) {
    std::vector<GraphEdge> edges;
    for (const Quotient::Edge& edge : quotient.edges()) {
        if (edges.empty() || edges.back().from != edge.from || edges.back().to != edge.to) {
            edges.push_back({edge.from, edge.to, {}, true});
        }
        edges.back().uses.push_back(use_of(edge));
    }
    for (GraphEdge& edge : edges) {
        std::stable_sort(edge.uses.begin(), edge.uses.end(),
                         [](const GraphUse& a, const GraphUse& b) { return a.count > b.count; });
    }
    return edges;
}

GraphUse step_use(const Bbm& model, const Quotient::Edge& edge) {
    return {model.actor_name(edge.actor), std::string(bbm::step_names()[edge.label]), edge.count};
}

/// A state machine: nodes are keys, made of a first part and a rest.
class MachineView final : public View {
 public:
    struct Kind {
        std::function<Key(const State&)> key;
        std::function<std::string(Key)> name;
        Key rests = 1;  ///< key / rests is the first part
        std::span<const Declared> declared;
        Key keys = 0;            ///< keys are below this one
        bool shows_all = false;  ///< also the keys that are never reached
    };

    MachineView(const Bbm& model, Kind kind) : model_(model), kind_(std::move(kind)), visitor_(kind_.key) {}

    checker::Visitor<Bbm>& visitor() override { return visitor_; }
    [[nodiscard]] ViewGraph graph() const override {
        const Quotient& quotient = visitor_.quotient();
        ViewGraph graph;
        for (const Quotient::Node& node : quotient.nodes()) {
            graph.nodes.push_back(
                {kind_.name(node.key), node.states, node.stays, node.key / kind_.rests, node.initial});
        }
        for (Key key = 0; kind_.shows_all && key < kind_.keys; ++key) {
            if (!quotient.find(key)) graph.nodes.push_back({kind_.name(key), 0, 0, key / kind_.rests, false});
        }
        graph.edges = edges_of(quotient, [this](const Quotient::Edge& edge) { return step_use(model_, edge); });
        if (!kind_.declared.empty()) add_declared(graph);
        return graph;
    }
    [[nodiscard]] std::vector<std::string> names() const override {
        std::vector<std::string> list;
        for (Key key = 0; key < kind_.keys; ++key) {
            const std::string name = kind_.name(key);
            if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
        }
        return list;
    }

 private:
    void add_declared(ViewGraph& graph) const {
        std::set<std::pair<unsigned, unsigned>> taken;
        for (GraphEdge& edge : graph.edges) {
            const unsigned from = graph.nodes[edge.from].group;
            const unsigned to = graph.nodes[edge.to].group;
            taken.emplace(from, to);
            edge.declared = from == to || std::any_of(kind_.declared.begin(), kind_.declared.end(), [&](Declared d) {
                                return std::cmp_equal(d.from, from) && std::cmp_equal(d.to, to);
                            });
        }
        for (const Declared& one : kind_.declared) {
            const auto from = static_cast<Key>(one.from);
            const auto to = static_cast<Key>(one.to);
            if (taken.contains({from, to})) continue;
            const std::size_t source = node(graph, from);
            graph.edges.push_back({source, node(graph, to), {}, true});
        }
    }
    /// The node of a first part whose rest is 0; made if there is none.
    [[nodiscard]] std::size_t node(ViewGraph& graph, Key first) const {
        const std::string name = kind_.name(first * kind_.rests);
        if (const auto found = graph.find(name)) return *found;
        graph.nodes.push_back({name, 0, 0, first, false});
        return graph.nodes.size() - 1;
    }

    const Bbm& model_;
    Kind kind_;
    checker::QuotientVisitor<Bbm> visitor_;
};

MachineView::Kind block_notifier(const Bbm& model, int block) {
    const auto events = static_cast<Key>(notification_names().size());
    MachineView::Kind kind;
    const int memory_blocks = model.config().scope.memory_blocks;
    kind.key = [block, memory_blocks, events](const State& s) {
        const bool meant = s.op_mb / memory_blocks == block;
        const auto event = static_cast<Key>(meant ? notification(s.op) : 0);
        return static_cast<Key>(s.bb[static_cast<std::size_t>(block)].state) * events + event;
    };
    kind.name = [events](Key key) {
        return std::string(bbm::big_block::names[key / events]) + " / " +
               std::string(notification_names()[key % events]);
    };
    kind.rests = events;
    kind.keys = bbm::big_block::count * events;
    kind.declared = declared_big_block;
    return kind;
}

MachineView::Kind worker_steps() {
    MachineView::Kind kind;
    kind.key = [](const State& s) { return static_cast<Key>(s.wk); };
    kind.name = [](Key key) { return std::string(bbm::step_names()[key]); };
    kind.rests = static_cast<Key>(bbm::StepId::count);
    kind.keys = static_cast<Key>(bbm::StepId::wk_last) + 1;
    kind.shows_all = true;
    return kind;
}

MachineView::Kind memory_block_life(int block) {
    MachineView::Kind kind;
    kind.rests = 4;
    kind.keys = bbm::memory_block::count * kind.rests;
    kind.key = [block](const State& s) {
        const auto& mb = s.mb[static_cast<std::size_t>(block)];
        // A block has a zone from the beginning of its onlining to the end of its offlining.
        const bool in_zone =
            mb.online == 1 || mb.state == bbm::memory_block::online || mb.state == bbm::memory_block::going_offline;
        const int rest = 2 * (mb.online == 1 ? 1 : 0) + (in_zone && mb.zone == bbm::zone::movable ? 1 : 0);
        return static_cast<Key>(mb.state * 4 + rest);
    };
    kind.name = [](Key key) {
        const Key state = key / 4;
        std::string name(bbm::memory_block::names[state]);
        if (key % 4 >= 2) name += ", sections online";
        const bool online =
            state == bbm::memory_block::online || state == bbm::memory_block::going_offline || key % 4 >= 2;
        if (online) name += ", " + std::string(bbm::zone::names[key % 2]);
        return name;
    };
    kind.declared = declared_memory_block;
    return kind;
}

/// Locks, and which is taken while which is held.
class LockOrderView final : public View, private checker::Visitor<Bbm> {
 public:
    explicit LockOrderView(const Bbm& model) : model_(model) {}

    checker::Visitor<Bbm>& visitor() override { return *this; }
    [[nodiscard]] ViewGraph graph() const override {
        ViewGraph graph;
        for (const Quotient::Node& node : quotient_.nodes()) {
            graph.nodes.push_back({std::string(names[node.key]), held_[node.key], 0, 0, false});
        }
        graph.edges = edges_of(quotient_, [this](const Quotient::Edge& edge) {
            if (edge.label != checker::no_step) return step_use(model_, edge);
            return GraphUse{model_.actor_name(edge.actor), "waits", edge.count};
        });
        graph.cycles = checker::cycles(graph.taken());
        return graph;
    }

 private:
    static constexpr Key count = 3;
    static constexpr std::array<std::string_view, count> names{"device_hotplug_lock", "mem_hotplug_lock",
                                                               "hotplug_mutex"};
    using Owners = std::array<int, count>;
    static Owners owners(const State& s) { return {s.device_hotplug_lock, s.mem_hotplug_lock, s.hotplug_mutex}; }

    void on_state(const State& state, bool, bool) override {
        const Owners owner = owners(state);
        for (Key lock = 0; lock < count; ++lock) {
            if (owner[lock] == bbm::task::none) continue;
            quotient_.add_state(lock, false);
            ++held_[lock];
        }
    }
    void on_step(const State& before, const State& after, checker::ActorId actor, checker::StepId step) override {
        const Owners then = owners(before);
        const Owners now = owners(after);
        for (Key lock = 0; lock < count; ++lock) {
            if (now[lock] != then[lock] && now[lock] != bbm::task::none) takes(then, lock, now[lock], actor, step);
        }
    }
    void on_wait(const State& state, checker::ActorId actor, const checker::Guard& guard) override {
        const auto* const lock = std::find(names.begin(), names.end(), guard.what);
        if (lock == names.end() || actor >= bbm::actor::device) return;
        // The tasks that own locks are the first actors, in the same order.
        takes(owners(state), static_cast<Key>(lock - names.begin()), static_cast<int>(actor) + 1, actor,
              checker::no_step);
    }
    void takes(const Owners& owner, Key lock, int task, checker::ActorId actor, checker::StepId step) {
        for (Key held = 0; held < count; ++held) {
            if (owner[held] == task) quotient_.add_edge(held, lock, actor, step);
        }
    }

    const Bbm& model_;
    Quotient quotient_;
    std::array<std::uint64_t, count> held_{};
};

/// Actors, what they wait for, and who has it.
class WaitsView final : public View, private checker::Visitor<Bbm> {
 public:
    explicit WaitsView(const Bbm& model) : model_(model) {}

    checker::Visitor<Bbm>& visitor() override { return *this; }
    [[nodiscard]] ViewGraph graph() const override {
        ViewGraph graph;
        for (const Quotient::Node& node : quotient_.nodes()) {
            const bool event = node.key >= bbm::actor::count;
            graph.nodes.push_back({event ? reasons_[node.key - bbm::actor::count] : model_.actor_name(node.key),
                                   node.states, 0, event ? 1U : 0U, false});
        }
        graph.edges = edges_of(quotient_, [this](const Quotient::Edge& edge) {
            return GraphUse{model_.actor_name(edge.actor), reasons_[edge.label], edge.count};
        });
        return graph;
    }

 private:
    void on_state(const State&, bool, bool) override {}
    void on_step(const State&, const State&, checker::ActorId, checker::StepId) override {}
    void on_wait(const State&, checker::ActorId actor, const checker::Guard& guard) override {
        if (model_.actor_kind(actor) != checker::ActorKind::process) return;
        const auto found = std::find(reasons_.begin(), reasons_.end(), guard.what);
        const auto reason = static_cast<Key>(found - reasons_.begin());
        if (found == reasons_.end()) reasons_.emplace_back(guard.what);
        const Key to = guard.holder >= 0 ? static_cast<Key>(guard.holder) : bbm::actor::count + reason;
        quotient_.add_state(actor, false);
        quotient_.add_edge(actor, to, actor, reason);
    }

    const Bbm& model_;
    Quotient quotient_;
    std::vector<std::string> reasons_;
};

}  // namespace

std::uint64_t GraphEdge::count() const {
    std::uint64_t sum = 0;
    for (const GraphUse& use : uses) sum += use.count;
    return sum;
}

checker::Digraph ViewGraph::taken() const {
    checker::Digraph graph{nodes.size(), {}};
    for (const GraphEdge& edge : edges) {
        if (!edge.uses.empty()) graph.edges.emplace_back(edge.from, edge.to);
    }
    return graph;
}

std::vector<std::size_t> ViewGraph::entries() const {
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].entry) list.push_back(i);
    }
    return list;
}

std::optional<std::size_t> ViewGraph::find(std::string_view name) const {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].name == name) return i;
    }
    return std::nullopt;
}

bool same_node(std::string_view a, std::string_view b) { return folded(a) == folded(b); }

std::span<const ViewInfo> view_infos() { return all_views; }

std::unique_ptr<View> make_view(std::string_view name, const Bbm& model, int block) {
    if (name == "lock-order") return std::make_unique<LockOrderView>(model);
    if (name == "waits") return std::make_unique<WaitsView>(model);
    if (name == "worker") return std::make_unique<MachineView>(model, worker_steps());
    return std::make_unique<MachineView>(
        model, name == "memory-block" ? memory_block_life(block) : block_notifier(model, block));
}

}  // namespace vmemcheck::cli

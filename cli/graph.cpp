// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/files.hpp"
#include "cli/flag_values.hpp"
#include "cli/graph_json.hpp"
#include "cli/graph_text.hpp"
#include "cli/graph_views.hpp"
#include "cli/machine.hpp"
#include "cli/report.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "spec/engine.hpp"

namespace vmemcheck::cli {

namespace {

class GraphCommand {
 public:
    void add_to(Command& command) {
        command.add_option("VIEW", view_, "what is to be seen: " + join(view_names(), ", ")).required();
        config_.add_to(command);
        const std::string group = "Search";
        add_number(command, "max-states", max_states_, "end after so many states").group(group);
        add_seconds(command, "max-time", max_time_, "end the search after so many seconds").group(group);
        add_number(command, "max-depth", max_depth_, "do not go further than so many transitions").group(group);
        const std::string output = "Output";
        block_flag_ = add_number(command, "block", block_, "the big block or memory block to be watched").group(output);
        command.add_option("-o,--output", output_, "write the graph to this file; default: standard output")
            .type_name("FILE")
            .not_empty()
            .group(output);
        command.add_option("--format", format_, "default: what the file's name ends with, or dot")
            .type_name("dot|svg|json")
            .group(output);
        dominators_flag_ = command
                               .add_option("--dominators", dominators_,
                                           "print what every run to this node must have passed, in that order; writes "
                                           "no graph without -o")
                               .type_name("NODE")
                               .group(output);
    }

    void check_flags() const {
        const ViewInfo& view = this->view();
        const Config config = config_.config();
        static_cast<void>(format());
        if (block_flag_.given() && view.blocks == 0) {
            throw UserError(fmt::format("--block: the view {} is not of one block", view.name));
        }
        const int blocks = view.blocks == 2 ? config.scope.total_memory_blocks() : config.scope.big_blocks;
        if (view.blocks != 0 && block_ >= static_cast<std::uint64_t>(blocks)) {
            throw UserError(fmt::format(
                "--block {}: the scope has {}, numbered from 0", block_,
                counted(static_cast<std::uint64_t>(blocks), view.blocks == 2 ? "memory block" : "big block")));
        }
        if (dominators_flag_.given() && !view.state_machine) {
            throw UserError(fmt::format("--dominators: the view {} shows no runs; it is for {}", view.name,
                                        "block-notifier, worker and memory-block"));
        }
    }

    [[nodiscard]] ExitCode run() const {
        check_flags();
        const ViewInfo& view = this->view();
        const Bbm model(config_.config());
        if (format() == "svg" && writes()) require_graphviz();
        if (!output_.empty()) check_writable(output_);
        const std::unique_ptr<View> seen = make_view(view.name, model, static_cast<int>(block_));
        const std::string target = dominators_flag_.given() ? node_named(*seen) : "";
        if (!output_.empty() || dominators_flag_.given()) {
            print(header_text(model.config(), config_.scope_name(), "all interleavings, step by step"));
        }
        const Result result = search(model, *seen);
        if (result.ended == checker::Ended::model_error) throw UserError("the model failed: " + result.model_error);
        const ViewGraph graph = seen->graph();
        if (dominators_flag_.given()) print(dominators_text(graph, target));
        if (writes()) write(model, graph, result);
        if (!output_.empty()) print(summary_text(graph, result));
        if (!result.complete) {
            print_error(fmt::format("vmemcheck: the graph is a part of what can happen: the search ended early ({})\n",
                                    checker::text(result.ended)));
        }
        if (!graph.cycles.empty()) return ExitCode::violation;
        return result.complete ? ExitCode::as_expected : ExitCode::incomplete;
    }

 private:
    [[nodiscard]] static std::vector<std::string> view_names() {
        std::vector<std::string> names;
        for (const ViewInfo& view : view_infos()) names.emplace_back(view.name);
        return names;
    }
    [[nodiscard]] const ViewInfo& view() const {
        for (const ViewInfo& view : view_infos()) {
            if (view.name == view_) return view;
        }
        throw UserError(unknown_name("view", view_, names_of(view_infos())));
    }
    [[nodiscard]] std::string format() const {
        if (format_.empty()) return output_.ends_with(".svg") ? "svg" : output_.ends_with(".json") ? "json" : "dot";
        if (format_ != "dot" && format_ != "svg" && format_ != "json") {
            throw UserError(unknown_name("format", format_, {"dot", "svg", "json"}));
        }
        return format_;
    }
    [[nodiscard]] bool writes() const { return !output_.empty() || !dominators_flag_.given(); }

    /// Step by step: fused steps would hide what other actors see between them.
    [[nodiscard]] Result search(const Bbm& model, View& view) const {
        std::vector<Property> properties = config_.properties(model.config());
        // What is not followed by 'check' is not followed here; nothing else of properties matters.
        std::erase_if(properties, [](const Property& property) {
            return property.kind == checker::PropertyKind::reachability || checker::is_liveness(property.kind);
        });
        checker::SearchOptions options;
        options.fuse = false;
        options.stop_when_decided = false;
        options.max_states = max_states_;
        options.max_depth = max_depth_;
        options.max_seconds = max_time_;
        options.max_memory_bytes = available_memory() / 5 * 4;
        options.threads = 0;  // all processors
        const InterruptGuard guard;
        const ProgressLine progress;
        options.stop = InterruptGuard::flag();
        options.progress = progress.callback();
        return checker::survey(model, properties, options, view.visitor());
    }

    [[nodiscard]] std::string title(const Bbm& model) const {
        std::string text = view_;
        if (view().blocks != 0) text += fmt::format(" of {} {}", view().blocks == 2 ? "mb" : "bb", block_);
        text += ", " + std::string(model.config().release.name);
        if (!model.config().safe_unplug) text += ", unsafe unplug";
        return text;
    }

    void write(const Bbm& model, const ViewGraph& graph, const Result& result) const {
        const std::string format = this->format();
        std::string text;
        if (format == "json") {
            Json object;
            object["format"] = "vmemcheck-graph";
            object["version"] = 1;
            object["vmemcheck"] = VMEMCHECK_VERSION;
            object["model"] = model_name;
            put_config(object, model.config());
            object["view"] = view_;
            if (view().blocks != 0) object["block"] = block_;
            object["complete"] = result.complete;
            object["ended"] = checker::text(result.ended);
            object["states"] = result.statistics.states;
            object["steps"] = result.statistics.micro_steps;
            object["pruned"] = result.statistics.pruned;
            put_graph(object, graph, view().state_machine);
            text = object.dump(2) + '\n';
        } else {
            text = dot_text(graph, title(model));
            if (format == "svg") text = svg_text(text);
        }
        if (output_.empty()) {
            print(text);
        } else {
            write_file(output_, text);
        }
    }

    /// The node that --dominators names.
    [[nodiscard]] std::string node_named(const View& view) const {
        const std::vector<std::string> names = view.names();
        const auto found =
            std::find_if(names.begin(), names.end(), [this](const auto& name) { return same_node(name, dominators_); });
        if (found != names.end()) return *found;
        throw UserError("--dominators: " + unknown_name("node", dominators_, {names.begin(), names.end()}));
    }

    [[nodiscard]] static std::string dominators_text(const ViewGraph& graph, const std::string& name) {
        const auto node = graph.find(name);
        if (!node || !checker::reachable(graph.taken(), graph.entries())[*node]) {
            return fmt::format("{}: no run gets there\n", name);
        }
        std::string text = fmt::format("every run to {} passes, in this order:\n", name);
        const auto immediate = checker::immediate_dominators(graph.taken(), graph.entries());
        for (const std::size_t i : checker::dominators(immediate, *node)) {
            text += fmt::format("  {}{}\n", graph.nodes[i].name, graph.nodes[i].entry ? "  (runs begin here)" : "");
        }
        return text;
    }

    [[nodiscard]] std::string summary_text(const ViewGraph& graph, const Result& result) const {
        std::vector<std::string> never;
        std::vector<std::string> undeclared;
        for (const GraphEdge& edge : graph.edges) {
            const std::string name = graph.nodes[edge.from].name + " -> " + graph.nodes[edge.to].name;
            if (edge.uses.empty()) never.push_back(name);
            if (!edge.declared) undeclared.push_back(name);
        }
        std::vector<std::string> nowhere;
        if (view_ == "worker") {
            for (const GraphNode& node : graph.nodes) {
                if (node.states == 0) nowhere.push_back(node.name);
            }
        }
        std::string text =
            fmt::format("{}, {}; {}, {}\n", counted(graph.nodes.size(), "node"), counted(graph.edges.size(), "edge"),
                        counted(result.statistics.states, "state"), counted(result.statistics.micro_steps, "step"));
        const auto list = [&text](std::string_view what, const std::vector<std::string>& items) {
            for (const std::string& item : items) text += fmt::format("  {}: {}\n", what, item);
        };
        list("declared, never taken", never);
        list("taken, not declared", undeclared);
        list("never reached", nowhere);
        for (const auto& cycle : graph.cycles) {
            std::vector<std::string> names;
            names.reserve(cycle.size());
            for (const std::size_t i : cycle) names.push_back(graph.nodes[i].name);
            text += fmt::format("  CYCLE: {}\n", join(names, ", "));
        }
        if (result.statistics.pruned > 0) {
            text += fmt::format("  {} states or steps violate a property and were not followed\n",
                                grouped(result.statistics.pruned));
        }
        return text + "saved to " + output_ + '\n';
    }

    ConfigFlags config_;
    std::string view_;
    std::string output_;
    std::string format_;
    std::string dominators_;
    Flag block_flag_;
    Flag dominators_flag_;
    std::uint64_t block_ = 0;
    std::uint64_t max_states_ = 0;
    std::uint64_t max_depth_ = 0;
    double max_time_ = 0;
};

}  // namespace

void add_graph(CLI::App& app, Action& chosen) {
    const auto command = std::make_shared<GraphCommand>();
    Command sub(app, "graph", "draws what a search found: block states, the worker, locks, who waits for whom");
    command->add_to(sub);
    std::string views = "Views (docs/graphs.md):\n";
    for (const ViewInfo& view : view_infos()) views += fmt::format("  {:15} {}\n", view.name, view.description);
    sub.footer(
        views +
        "\nExamples:\n"
        "  vmemcheck graph block-notifier -o bb.svg              needs Graphviz\n"
        "  vmemcheck graph worker --dominators wk_rb_lock        what must have happened before a rollback\n"
        "  vmemcheck graph lock-order --mutant mutex-held-across-offline --property no-warn\n"
        "\n"
        "Exit codes: 0 written, 1 locks are taken in opposite orders (lock-order), 2 bad usage or an output that\n"
        "            cannot be written, 3 written, but a limit, memory or Ctrl-C ended the search early");
    sub.choose(
        chosen, [command] { return command->run(); }, [command] { command->check_flags(); });
}

}  // namespace vmemcheck::cli

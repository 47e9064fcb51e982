// SPDX-License-Identifier: MIT
#include "cli/graph_text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/error.hpp"
#include "cli/files.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

constexpr std::size_t most_uses = 3;
constexpr std::array<std::string_view, 4> fills{"#eceff1", "#fff3c4", "#d5edd8", "#dce6fa"};

std::string dot_escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

/// "ADDED / GOING_OFFLINE" on two lines.
std::string node_label(const GraphNode& node) {
    std::string name = dot_escaped(node.name);
    for (const std::string_view separator : {" / ", ", "}) {
        for (std::size_t at = name.find(separator); at != std::string::npos; at = name.find(separator)) {
            name.replace(at, separator.size(), "\\n");
        }
    }
    if (node.states == 0) return name;
    return name + "\\n" + human_count(static_cast<double>(node.states)) + (node.states == 1 ? " state" : " states");
}

/// \param from name of the node that it leaves; a worker's step is called as the node is, and is not said twice
std::string edge_label(const GraphEdge& edge, std::string_view from) {
    if (edge.uses.empty()) return "never taken";
    std::string label;
    for (std::size_t i = 0; i < edge.uses.size() && i < most_uses; ++i) {
        const GraphUse& use = edge.uses[i];
        if (i > 0) label += "\\n";
        if (use.step != from) label += dot_escaped(use.actor) + ": " + dot_escaped(use.step) + " ";
        label += human_count(static_cast<double>(use.count));
    }
    if (edge.uses.size() > most_uses) label += fmt::format("\\nand {} more", edge.uses.size() - most_uses);
    return label;
}

/// A program with its arguments, run to its end with no standard input and output; the exit status, or -1.
int run_program(std::vector<std::string> words) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return -1;
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
    }
    pid_t child = -1;
    const int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return -1;
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// A directory that goes away with everything in it.
class TemporaryDirectory {
 public:
    TemporaryDirectory() {
        std::error_code error;
        const auto folder = std::filesystem::temp_directory_path(error);
        path_ = ((error ? std::filesystem::path("/tmp") : folder) / "vmemcheck-XXXXXX").string();
        if (::mkdtemp(path_.data()) == nullptr) {
            throw UserError(fmt::format("{}: cannot make a temporary directory: {}", path_, std::strerror(errno)));
        }
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_in(path_, name); }

 private:
    std::string path_;
};

}  // namespace

std::string dot_text(const ViewGraph& graph, const std::string& title) {
    std::vector<std::size_t> cycle_of(graph.nodes.size(), 0);  // its number, from 1; 0: on none
    for (std::size_t i = 0; i < graph.cycles.size(); ++i) {
        for (const std::size_t node : graph.cycles[i]) cycle_of[node] = i + 1;
    }
    std::string text = "digraph vmemcheck {\n";
    text += fmt::format("  graph [label=\"{}\", labelloc=t, fontname=\"Helvetica\", fontsize=12, nodesep=0.3];\n",
                        dot_escaped(title));
    text += "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11];\n";
    text += "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#455a64\"];\n";
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const GraphNode& node = graph.nodes[i];
        const bool reached = node.states > 0 || std::any_of(graph.edges.begin(), graph.edges.end(), [i](const auto& e) {
                                 return !e.uses.empty() && (e.from == i || e.to == i);
                             });
        text += fmt::format("  n{} [label=\"{}\", fillcolor=\"{}\"{}{}];\n", i, node_label(node),
                            reached ? fills[node.group % fills.size()] : "white", node.entry ? ", peripheries=2" : "",
                            reached ? "" : ", style=\"rounded,dashed\", fontcolor=\"#78909c\"");
    }
    for (const GraphEdge& edge : graph.edges) {
        const bool cyclic = cycle_of[edge.from] != 0 && cycle_of[edge.from] == cycle_of[edge.to];
        text += fmt::format("  n{} -> n{} [label=\"{}\"{}{}];\n", edge.from, edge.to,
                            edge_label(edge, graph.nodes[edge.from].name),
                            edge.uses.empty() ? ", style=dashed, color=\"#90a4ae\", fontcolor=\"#78909c\"" : "",
                            cyclic || !edge.declared ? ", color=\"#c62828\", penwidth=2" : "");
    }
    return text + "}\n";
}

void require_graphviz() {
    if (run_program({"dot", "-V"}) != 0) {
        throw UserError(
            "--format svg: needs Graphviz' program 'dot', which cannot be run; --format dot does not need it");
    }
}

std::string svg_text(const std::string& dot) {
    const TemporaryDirectory folder;
    const std::string source = folder.file("graph.dot");
    const std::string target = folder.file("graph.svg");
    write_file(source, dot);
    if (const int status = run_program({"dot", "-Tsvg", "-o", target, source}); status != 0) {
        throw UserError(fmt::format("--format svg: 'dot' failed with exit status {}", status));
    }
    return read_file(target);
}

}  // namespace vmemcheck::cli

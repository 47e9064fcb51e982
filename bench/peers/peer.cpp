// SPDX-License-Identifier: MIT
#include "bench/peers/peer.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

namespace vmemcheck::peers {

int run(int argc, char** argv, const char* name, const std::vector<unsigned>& sizes,
        const std::function<Report(const Request&)>& search) {
    Request request;
    request.size = sizes.front();
    CLI::App app{std::string("Searches the model ") + name + " and prints one JSON object"};
    app.add_option("-n,--size", request.size, "The model's parameter")
        ->check(CLI::IsMember(sizes))
        ->capture_default_str();
    app.add_flag("--bug", request.bug, "The variant with a seeded fault");
    app.add_option("--threads", request.threads, "Threads of the search")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    bool run_all = false;
    app.add_flag("--run-all-steps", run_all, "Without the cache of steps");
    try {
        app.parse(argc, argv);
        request.cached = !run_all;
        const Report found = search(request);
        const nlohmann::ordered_json report = {
            {"model", name},
            {"size", request.size},
            {"bug", request.bug},
            {"verdict", checker::text(found.verdict)},
            {"states", found.statistics.states},
            {"transitions", found.statistics.transitions},
            {"depth", found.statistics.max_depth},
            {"counterexample", found.counterexample},
            {"seconds", found.statistics.seconds},
            {"bytes_per_state", found.statistics.bytes_per_state()},
            {"peak_rss", found.statistics.peak_resident_bytes},
            {"threads", request.threads},
            {"cached", request.cached},
        };
        std::cout << report.dump() << '\n';
        return found.verdict == checker::Status::incomplete ? 3 : 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::cerr << name << ": " << error.what() << '\n';
        return 3;
    }
}

}  // namespace vmemcheck::peers

// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "cli/certify/read.hpp"
#include "cli/error.hpp"
#include "cli/text.hpp"

namespace {

constexpr const char* usage =
    "Usage: vmemcheck-certify FILE\n"
    "Confirms a certificate of 'vmemcheck check --certificate FILE': that its states contain the initial ones, are\n"
    "closed under every step and satisfy the properties it claims.\n"
    "\n"
    "Exit codes: 0 confirmed, 1 refuted, 2 bad usage or a file that is no certificate, 3 out of memory\n";

int run(const char* path) {
    using namespace vmemcheck;
    const certify::Claim claim = certify::read_claim(path);
    const certify::Verdict verdict = certify::certify(claim);
    if (!verdict.refuted.empty()) {
        fmt::print("REFUTED: {}\n", verdict.refuted);
        return 1;
    }
    fmt::print("confirmed: {}, scope {}: {} states, closed under {} steps; {} properties hold in them\n",
               claim.config.release.name, claim.config.scope.name, cli::grouped(verdict.states),
               cli::grouped(verdict.steps), claim.properties.size());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    using vmemcheck::cli::UserError;
    try {
        if (argc != 2) {
            fmt::print(stderr, "{}", usage);
            return 2;
        }
        if (std::string_view(argv[1]) == "--help" || std::string_view(argv[1]) == "-h") {
            fmt::print("{}", usage);
            return 0;
        }
        return run(argv[1]);
    } catch (const UserError& error) {
        std::fprintf(stderr, "vmemcheck-certify: %s\n", error.what());
        return 2;
    } catch (const std::bad_alloc&) {
        std::fputs("vmemcheck-certify: out of memory\n", stderr);
        return 3;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vmemcheck-certify: %s\n", error.what());
        return 2;
    }
}

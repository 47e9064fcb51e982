// SPDX-License-Identifier: MIT
#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/error.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void on_signal(int) { interrupted.store(true, std::memory_order_relaxed); }

void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one ends the program
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
}

std::size_t columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80U;
}

}  // namespace

Style Style::of(int fd) {
    Style style;
    const char* const no_color = std::getenv("NO_COLOR");
    const char* const term = std::getenv("TERM");
    const bool dumb = term != nullptr && std::strcmp(term, "dumb") == 0;
    style.on_ = ::isatty(fd) == 1 && (no_color == nullptr || *no_color == '\0') && !dumb;
    return style;
}

std::string Style::paint(const char* code, std::string_view text) const {
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string item_text(const Style& style, std::string_view name,
                      const std::vector<std::pair<std::string_view, std::string>>& facts) {
    std::string text = style.bold(name) + '\n';
    for (const auto& [what, value] : facts) {
        if (value.empty()) continue;
        const std::string lead = what.empty() ? "    " : fmt::format("    {}: ", what);
        text += lead + wrapped(value, 4, width) + '\n';
    }
    return text;
}

void print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
    throw UserError(std::string("cannot write to standard output: ") + std::strerror(errno));
}

void print_error(std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
    static_cast<void>(std::fflush(stderr));
}

StatusLine::StatusLine() : visible_(::isatty(STDERR_FILENO) == 1) {}

StatusLine::~StatusLine() {
    if (visible_) print_error("\r\x1b[K");
}

void StatusLine::show(std::string_view text) const {
    if (visible_) print_error("\r\x1b[K" + std::string(text.substr(0, columns() - 1)));
}

std::function<void(const checker::Progress&)> ProgressLine::callback() const {
    if (!line_.visible()) return {};
    return [this](const checker::Progress& progress) {
        const auto count = [](std::uint64_t number) { return human_count(static_cast<double>(number)); };
        const std::string line = fmt::format("{} states, {} transitions, {}/s, depth {}, frontier {}, {}, {:.0f} s",
                                             count(progress.states), count(progress.transitions),
                                             human_count(progress.rate), progress.depth, count(progress.frontier),
                                             human_bytes(static_cast<double>(progress.memory_bytes)), progress.seconds);
        line_.show(line);
    };
}

Deadline::Deadline(double seconds, const std::atomic<bool>* other)
    : watch_([this, seconds, other] {
          using Clock = std::chrono::steady_clock;
          const auto start = Clock::now();
          while (!done_ && !passed_) {
              std::this_thread::sleep_for(std::chrono::milliseconds(20));
              const std::chrono::duration<double> elapsed = Clock::now() - start;
              if (other->load() || (seconds > 0 && elapsed.count() > seconds)) passed_ = true;
          }
      }) {}

Deadline::~Deadline() {
    done_ = true;
    watch_.join();
}

InterruptGuard::InterruptGuard() {
    interrupted.store(false);
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
}

InterruptGuard::~InterruptGuard() {
    handle(SIGINT, SIG_DFL);
    handle(SIGTERM, SIG_DFL);
}

const std::atomic<bool>* InterruptGuard::flag() { return &interrupted; }

}  // namespace vmemcheck::cli

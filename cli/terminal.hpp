// SPDX-License-Identifier: MIT
/// \file
/// The terminal: colours, the progress line, Ctrl-C.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "checker/options.hpp"

namespace vmemcheck::cli {

/// Colours, or none.
class Style {
 public:
    /// No colours.
    Style() = default;
    /// Colours if the descriptor is a terminal and NO_COLOR is not set.
    [[nodiscard]] static Style of(int fd);

    [[nodiscard]] std::string bold(std::string_view text) const { return paint("1", text); }
    [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
    [[nodiscard]] std::string red(std::string_view text) const { return paint("1;31", text); }
    [[nodiscard]] std::string green(std::string_view text) const { return paint("32", text); }
    [[nodiscard]] std::string yellow(std::string_view text) const { return paint("33", text); }

 private:
    [[nodiscard]] std::string paint(const char* code, std::string_view text) const;
    bool on_ = false;
};

/// One entry of a list: a name, and below it facts as "what: value"; empty values are left out.
[[nodiscard]] std::string item_text(const Style& style, std::string_view name,
                                    const std::vector<std::pair<std::string_view, std::string>>& facts);

/// Writes to standard output at once. Throws UserError when that fails.
void print(std::string_view text);

/// A warning or a message about an error, on standard error.
void print_error(std::string_view text);

/// While it lives, one line on standard error can be rewritten; nothing if standard error is not a terminal.
class StatusLine {
 public:
    StatusLine();
    ~StatusLine();
    StatusLine(const StatusLine&) = delete;
    StatusLine& operator=(const StatusLine&) = delete;

    /// Whether there is a terminal to show anything on.
    [[nodiscard]] bool visible() const { return visible_; }
    void show(std::string_view text) const;

 private:
    bool visible_;
};

/// While it lives, one line on standard error is rewritten with the progress of a search.
class ProgressLine {
 public:
    /// For SearchOptions::progress; empty if nothing is to be shown.
    [[nodiscard]] std::function<void(const checker::Progress&)> callback() const;

 private:
    StatusLine line_;
};

/// While it lives, SIGINT and SIGTERM set a flag; a second one ends the program at once.
class InterruptGuard {
 public:
    InterruptGuard();
    ~InterruptGuard();
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

    [[nodiscard]] static const std::atomic<bool>* flag();
};

/// Sets its flag after a time, or as soon as another flag is set.
class Deadline {
 public:
    /// \param seconds 0: no limit
    Deadline(double seconds, const std::atomic<bool>* other);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    [[nodiscard]] const std::atomic<bool>* flag() const { return &passed_; }

 private:
    std::atomic<bool> passed_{false};
    std::atomic<bool> done_{false};
    std::thread watch_;
};

}  // namespace vmemcheck::cli

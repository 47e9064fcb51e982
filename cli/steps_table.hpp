// SPDX-License-Identifier: MIT
/// \file
/// The steps of the model, for people.
#pragma once

#include <string>
#include <string_view>

#include "cli/terminal.hpp"

namespace vmemcheck::cli {

[[nodiscard]] std::string steps_text(const Style& style);

/// The whole of docs/atomicity.md.
[[nodiscard]] std::string steps_markdown();

/// Text for a cell of a Markdown table.
[[nodiscard]] std::string markdown_cell(std::string_view text);

}  // namespace vmemcheck::cli

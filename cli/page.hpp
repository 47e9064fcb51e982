// SPDX-License-Identifier: MIT
/// \file
/// Pages that show runs: one HTML file with its data, script and style inside (docs/reports.md).
#pragma once

#include <string>

#include "cli/config_text.hpp"

namespace vmemcheck::cli {

/// What is in the binary from cli/page/.
struct PageAssets {
    const char* html;  ///< has /*STYLE*/, /*SCRIPT*/ and /*DATA*/ where the others go
    const char* style;
    const char* script;
};
[[nodiscard]] PageAssets page_assets();

/// The page for some data: {"kind": "run", ...} or {"kind": "result", ..., "runs": [...]}.
[[nodiscard]] std::string page_text(const Json& data);

/// JSON that can stand in a script element: no character of it ends the element, or is outside ASCII.
[[nodiscard]] std::string script_json(const Json& data);

/// What a page shows of a counterexample file or an ITF trace. It is run again for the states between its steps.
/// \param path for messages and for the command that the page tells
/// Throws UserError if the content is no such file, or no step of it can be run.
[[nodiscard]] Json page_run(const std::string& path, const std::string& content);

/// What a page shows of a recording of a guest, with the validator's verdict.
/// Throws UserError for what is no recording.
[[nodiscard]] Json page_recording(const std::string& path, const std::string& content);

/// What a page shows of a result that `check --json` wrote. Runs are read from the files it names, beside it.
[[nodiscard]] Json page_result(const std::string& path, const Json& result);

/// The same for a file of any of these kinds, told by its content.
[[nodiscard]] Json page_data(const std::string& path);

}  // namespace vmemcheck::cli

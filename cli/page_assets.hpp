// SPDX-License-Identifier: MIT
/// \file
/// The files of cli/page/, put into the program when it is built.
#pragma once

#include <string_view>

namespace vmemcheck::cli {

extern const std::string_view page_template;
extern const std::string_view page_style;
extern const std::string_view page_script;

}  // namespace vmemcheck::cli

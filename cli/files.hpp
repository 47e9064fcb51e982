// SPDX-License-Identifier: MIT
/// \file
/// Files in and out. Whatever goes wrong is a UserError that names the file and the reason.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace vmemcheck::cli {

/// Largest input file that is read.
inline constexpr std::size_t max_input_bytes = std::size_t{64} << 20;

/// Reads a whole file. Larger ones than max_input_bytes are refused, regular ones without reading them.
[[nodiscard]] std::string read_file(const std::string& path);

/// Throws if write_file(path) would fail. To be called before long work; leaves nothing behind.
void check_writable(const std::string& path);

/// Throws unless a file can be made in this directory.
void check_writable_directory(const std::string& path);

/// Writes a file as a whole: to a temporary file beside it, which then takes its name. When that fails the old file is
/// still there and nothing new. Devices and pipes are written to directly.
void write_file(const std::string& path, std::string_view content);

/// The same for content that is made piece by piece.
/// \param produce is given what writes a piece; if it throws, nothing is written
void write_pieces(const std::string& path,
                  const std::function<void(const std::function<void(std::string_view)>& put)>& produce);

[[nodiscard]] bool is_directory(const std::string& path);

/// DIRECTORY/NAME, or NAME for an empty directory.
[[nodiscard]] std::string path_in(const std::string& directory, const std::string& name);

}  // namespace vmemcheck::cli

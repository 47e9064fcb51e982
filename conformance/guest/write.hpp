// SPDX-License-Identifier: MIT
/// \file
/// Writes recordings (docs/traces.md), one line after the other: the other way round of parse_recording().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "conformance/guest/recording.hpp"

namespace vmemcheck::conformance {

/// What a recording tells of its device at its beginning.
struct RecordedDevice {
    bbm::Release release;
    bool safe_unplug = true;
    std::int64_t memory_block_bytes = 0;
    std::int64_t big_block_bytes = 0;
    std::int64_t first_big_block = 0;
};

/// How the recorder names a task of the model (bbm::task), and where its task_struct is; 0 for no task.
[[nodiscard]] std::string_view recorded_task(int task);
[[nodiscard]] std::uint64_t recorded_task_pointer(int task);

class RecordingWriter {
 public:
    explicit RecordingWriter(const RecordedDevice& device);
    RecordingWriter(const RecordingWriter&) = delete;
    RecordingWriter& operator=(const RecordingWriter&) = delete;
    ~RecordingWriter();

    /// The first one: mode and sizes.
    void bind();
    /// \param later seconds that pass before it
    void mark(const std::string& text, double later = 0);
    /// An event, or page functions summed up. Of state and pages, if it has any, what has changed is written. Its
    /// number and line are not looked at.
    void event(const Seen& seen);
    /// All that was written. The writer is empty afterwards.
    [[nodiscard]] std::string take();

 private:
    struct Json;
    RecordedDevice device_;
    std::unique_ptr<Json> json_;
};

}  // namespace vmemcheck::conformance

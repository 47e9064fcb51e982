// SPDX-License-Identifier: MIT
#include "checker/checkpoint.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>

namespace vmemcheck::checker {

namespace {

struct Line {
    std::string what;
    std::string value;
};

std::vector<Line> lines_of(const std::string& identity) {
    std::vector<Line> lines;
    std::istringstream stream(identity);
    for (std::string line; std::getline(stream, line);) {
        const std::size_t colon = std::min(line.find(": "), line.size());
        lines.push_back({line.substr(0, colon), line.substr(std::min(colon + 2, line.size()))});
    }
    return lines;
}

std::string value_of(const std::vector<Line>& lines, const std::string& what) {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const Line& line) { return line.what == what; });
    return found == lines.end() ? "nothing" : "'" + found->value + "'";
}

/// A new name in a folder is on the disk when the folder is.
void sync_folder(const std::filesystem::path& file) {
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;
    static_cast<void>(::fsync(opened));
    ::close(opened);
}

}  // namespace

std::string identity_difference(const std::string& there, const std::string& here) {
    if (there == here) return {};
    const std::vector<Line> before = lines_of(there);
    const std::vector<Line> now = lines_of(here);
    for (const std::vector<Line>* lines : {&now, &before}) {
        for (const Line& line : *lines) {
            const std::string old = value_of(before, line.what);
            const std::string fresh = value_of(now, line.what);
            if (old == fresh) continue;
            std::string text = line.what;
            return text.append(" is ").append(old).append(" there and ").append(fresh).append(" here");
        }
    }
    return "it tells the same in another order";
}

CheckpointFile::CheckpointFile(const CheckpointOptions& options, std::string identity)
    : options_(options), identity_(std::move(identity)), path_(options.file) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path_, error);
    if (std::filesystem::is_symlink(status)) {
        const auto target = std::filesystem::canonical(path_, error);
        if (error) throw CheckpointError("cannot use '" + path_ + "' for checkpoints: it is a link to nowhere");
        path_ = target.string();
    }
    const auto target = std::filesystem::status(path_, error);
    if (std::filesystem::exists(target) && !std::filesystem::is_regular_file(target)) {
        throw CheckpointError("cannot use '" + path_ + "' for checkpoints: it is not a regular file");
    }
}

std::optional<CheckpointFile::Id> CheckpointFile::id_of(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return Id{info.st_dev, info.st_ino};
}

std::unique_ptr<ArchiveReader> CheckpointFile::open() {
    known_ = id_of(path_);
    if (!known_ && errno == ENOENT) return nullptr;
    auto reader = std::make_unique<ArchiveReader>(path_);
    const std::string difference = identity_difference(reader->text(), identity_);
    if (!difference.empty()) {
        throw CheckpointError("cannot go on from '" + path_ + "': it is of another search: " + difference);
    }
    return reader;
}

bool CheckpointFile::due() const {
    constexpr int share = 10;
    const Clock::duration since = Clock::now() - written_;
    return since >= std::chrono::duration<double>(options_.seconds) && since >= share * took_;
}

bool CheckpointFile::write(const std::function<void(ArchiveWriter&)>& save) {
    const Clock::time_point begin = Clock::now();
    const std::string error = put_in_place(save);
    written_ = Clock::now();
    took_ = written_ - begin;
    if (error.empty()) return true;
    if (options_.failed) options_.failed("cannot write the checkpoint '" + path_ + "': " + error);
    return false;
}

std::string CheckpointFile::put_in_place(const std::function<void(ArchiveWriter&)>& save) {
    // The file of another search that began at the same time is not overwritten.
    if (const std::optional<Id> now = id_of(path_); now && now != known_) return "another program has written it";
    const std::string temporary = path_ + ".tmp";
    int error = 0;
    {
        ArchiveWriter writer(temporary);
        writer.text(identity_);
        save(writer);
        error = writer.finish();
    }
    const std::optional<Id> id = id_of(temporary);
    if (error == 0 && std::rename(temporary.c_str(), path_.c_str()) != 0) error = errno;
    if (error != 0) {
        ::unlink(temporary.c_str());
        return std::strerror(error);
    }
    known_ = id;
    sync_folder(path_);
    return {};
}

void CheckpointFile::remove() {
    if (!known_ || id_of(path_) != known_) return;
    ::unlink(path_.c_str());
    ::unlink((path_ + ".tmp").c_str());  // of a run that was killed while it wrote
}

}  // namespace vmemcheck::checker

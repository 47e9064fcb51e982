// SPDX-License-Identifier: MIT
#include "cli/page.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "cli/counterexample.hpp"
#include "cli/error.hpp"
#include "cli/files.hpp"
#include "cli/itf.hpp"
#include "cli/text.hpp"

namespace vmemcheck::cli {

namespace {

void put_in(std::string& page, std::string_view mark, std::string_view text) {
    page.replace(page.find(mark), mark.size(), text);
}

/// A recording has an object on each line: its first line is one, with "seq" and "event".
bool is_recording(const std::string& content) {
    const std::size_t begin = content.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return false;
    const std::string line = content.substr(begin, content.find('\n', begin) - begin);
    if (line.size() > (std::size_t{1} << 20)) return false;
    const Json first = Json::parse(line, nullptr, false);
    return first.is_object() && first.contains("seq") && first.contains("event");
}

bool is_result(const Json& json) {
    return json.is_object() && json.contains("format") && json["format"] == "vmemcheck-result";
}

}  // namespace

std::string script_json(const Json& data) {
    const std::string plain = data.dump(-1, ' ', true, Json::error_handler_t::replace);
    std::string text;
    text.reserve(plain.size());
    // '<' and '>' occur in strings only. Without them no "</script>" or "<!--" can be.
    for (const char c : plain) {
        if (c == '<') {
            text += "\\u003c";
        } else if (c == '>') {
            text += "\\u003e";
        } else {
            text += c;
        }
    }
    return text;
}

std::string page_text(const Json& data) {
    const PageAssets assets = page_assets();
    std::string page = assets.html;
    // The data last: what is in it is not looked at again.
    put_in(page, "/*STYLE*/", assets.style);
    put_in(page, "/*SCRIPT*/", assets.script);
    put_in(page, "/*DATA*/", script_json(data));
    return page;
}

Json page_result(const std::string& path, const Json& result) {
    const JsonPlace file(path, result);
    Json data;
    data["kind"] = "result";
    data["file"] = path;
    for (const char* name : {"release", "mutant"}) {
        if (file.has(name)) data[name] = file.at(name).value();
    }
    data["command"] = file.at("command").value();
    data["conclusion"] = file.at("conclusion").text();
    data["statistics"] = file.at("statistics").value();
    for (const char* name : {"assumptions", "warnings"}) {
        data[name] = file.has(name) ? file.at(name).value() : Json::array();
    }
    Json verdicts = Json::array();
    Json runs = Json::array();
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    for (const JsonPlace& place : file.at("verdicts").elements()) {
        Json verdict = Json::object();
        for (const char* name : {"property", "verdict", "sentence"}) verdict[name] = place.at(name).text();
        verdict["as_expected"] = place.at("as_expected").boolean();
        if (place.has("steps")) verdict["steps"] = place.at("steps").number();
        if (place.has("file")) {
            const std::string name = place.at("file").text();
            verdict["file"] = name;
            try {
                const std::string run = std::filesystem::path(name).is_absolute() ? name : (folder / name).string();
                Json shown = page_run(run, read_file(run));
                verdict["run"] = runs.size();
                runs.push_back(std::move(shown));
            } catch (const UserError& error) {
                verdict["problem"] = error.what();
            }
        }
        verdicts.push_back(std::move(verdict));
    }
    data["verdicts"] = std::move(verdicts);
    data["runs"] = std::move(runs);
    return data;
}

Json page_data(const std::string& path) {
    const std::string content = read_file(path);
    if (is_recording(content)) return page_recording(path, content);
    const Json json = parse_json(path, content);
    return is_result(json) ? page_result(path, json) : page_run(path, content);
}

}  // namespace vmemcheck::cli

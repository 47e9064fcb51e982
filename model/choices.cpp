// SPDX-License-Identifier: MIT
#include <array>

#include "model/run.hpp"

namespace vmemcheck::bbm {

namespace {
using Text = std::string_view;
constexpr std::array<Text, 2> allocation{"ok", "-ENOMEM"};
constexpr std::array<Text, 5> veto{"ok", "-EBUSY", "NOTIFY_BAD", "-ENOMEM", "-EAGAIN"};
constexpr std::array<Text, 2> stop{"ok", "OK|STOP"};
constexpr std::array<Text, 3> add_memory{"ok", "-ENOMEM", "-EEXIST"};
constexpr std::array<Text, 3> auto_online{"offline", "online_kernel", "online_movable"};
constexpr std::array<Text, 2> migrate{"ok", "-ENOMEM"};
constexpr std::array<Text, 2> signal{"none", "pending"};
constexpr std::array<Text, 4> device{"by-the-rules", "BUSY", "ERROR", "NACK"};
constexpr std::array<Text, 3> user_action{"offline", "online_kernel", "online_movable"};
constexpr std::array<Text, 8> page_action{"allocate-movable", "allocate-kernel", "free", "to-pcp-list", "pin", "unpin",
                                          "pin-for-ever",     "walker-reference"};
constexpr std::array<Text, 2> removal{"unbind", "eject"};

constexpr std::array<checker::ChoiceInfo, choice::count> infos{{
    {"allocation", allocation, true},
    {"veto-before-driver", veto, true},
    {"veto-after-driver", veto, true},
    {"stop-before-driver", stop, true},
    {"add-memory", add_memory, true},
    {"auto-online", auto_online, false},
    {"migration", migrate, true},
    {"signal", signal, true},
    {"device", device, true},
    {"requested-size", {}, false},
    {"memory-block", {}, false},
    {"write", user_action, false},
    {"page", {}, false},
    {"page-action", page_action, false},
    {"removal", removal, false},
}};
}  // namespace

std::span<const checker::ChoiceInfo> choice_infos() { return infos; }

}  // namespace vmemcheck::bbm

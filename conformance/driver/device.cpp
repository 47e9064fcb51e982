// SPDX-License-Identifier: MIT
// The device, by the rules of virtio 1.3 and in the order of QEMU's hw/virtio/virtio-mem.c.
#include <algorithm>
#include <cstring>

#include "conformance/driver/machine.hpp"
#include "conformance/driver/objects.hpp"

namespace vmemcheck::conformance {

using bbm::EventKind;

namespace {

// include/uapi/linux/virtio_mem.h: the layout of requests, responses and the configuration space, by their facts.
struct Request {
    std::uint16_t type;
    std::uint16_t padding[3];
    std::uint64_t address;
    std::uint16_t blocks;
    std::uint16_t more[3];
};
static_assert(sizeof(Request) == 24);
struct Response {
    std::uint16_t type;
    std::uint16_t padding[3];
    std::uint16_t state;
};
static_assert(sizeof(Response) == 10);
struct Configuration {
    std::uint64_t block_size;
    std::uint16_t node_id;
    std::uint8_t padding[6];
    std::uint64_t address, region_size, usable_region_size, plugged_size, requested_size;
};

enum RequestType : std::uint16_t { plug, unplug, unplug_all, state };
enum ResponseType : std::uint16_t { ack, nack, busy, error };
enum : unsigned { feature_acpi_pxm = 0, feature_unplugged_inaccessible = 1, feature_persistent_suspend = 2 };

constexpr std::uint64_t device_block_bytes = 2ULL << 20U;

}  // namespace

std::uint64_t Machine::plugged_bytes() const {
    const auto n = std::count(world_->plugged.begin(), world_->plugged.end(), 1);
    return static_cast<std::uint64_t>(n) * setup_.page_bytes();
}

bool Machine::device_has(int page) const { return world_->plugged[static_cast<std::size_t>(page)] != 0; }

/// virtio_mem_resize_usable_region(): grows only, but for UNPLUG_ALL. Two extents more than requested are usable.
void Machine::resize(std::uint64_t bytes) {
    World& w = *world_;
    const std::uint64_t all = setup_.big_block_bytes() * static_cast<unsigned>(setup_.big_blocks);
    const std::uint64_t extents = 256ULL << 20U;
    const std::uint64_t usable = bytes == 0 ? 0 : std::min(all, bytes + extents);
    w.usable = std::max(w.usable, usable);
    w.requested = bytes;
    w.config_pending = 1;
    touch(device_object, true);
}

int Machine::answer_by_the_rules(unsigned type, std::uint64_t address, std::uint64_t blocks) const {
    if (type == unplug_all) return ack;
    const std::uint64_t size = blocks * device_block_bytes;
    if (type > unplug_all) return error;  // STATE is not for a driver, and there are no others
    if (blocks == 0 || address % device_block_bytes != 0 || address < first_address() ||
        address - first_address() > world_->usable || size > world_->usable - (address - first_address()))
        return error;
    if (type == plug && plugged_bytes() + size > world_->requested) return nack;
    // Memory of this machine is plugged by whole pages of its own.
    const std::uint64_t page_bytes = setup_.page_bytes();
    if ((address - first_address()) % page_bytes != 0 || size % page_bytes != 0) return error;
    for (std::uint64_t i = (address - first_address()) / page_bytes;
         i < (address + size - first_address()) / page_bytes; ++i) {
        if (device_has(static_cast<int>(i)) == (type == plug)) return error;
    }
    return ack;
}

unsigned Machine::device_answers() const {
    if (world_->request == nullptr) return 1;
    Request request{};
    std::memcpy(&request, world_->request, sizeof(request));
    if (answer_by_the_rules(request.type, request.address, request.blocks) != ack) return 1;
    return setup_.kinds.device_nack ? 4 : setup_.kinds.device_error ? 3 : setup_.kinds.device_busy ? 2 : 1;
}

void Machine::device_answers_request(unsigned answer) {
    World& w = *world_;
    check_live(w.request, "the request was freed before the device has answered it", sizeof(Request));
    check_live(w.response, "the response was freed before the device has written it", sizeof(Response));
    Request request{};
    std::memcpy(&request, w.request, sizeof(request));
    touch(device_object, true);
    int type = answer_by_the_rules(request.type, request.address, request.blocks);
    if (type == error) {
        violation("requests-keep-rules",
                  "the device must answer ERROR: outside the usable region, or already (un)plugged");
    }
    if (type == ack && answer != 0) {
        type = answer == 1 ? busy : answer == 2 ? error : nack;
        if (answer > 1) w.broken_by_device = 1;
    }
    if (type == ack) {
        if (request.type == unplug_all) {
            std::fill(w.plugged.begin(), w.plugged.end(), std::uint8_t{0});
            const std::uint64_t requested = w.requested;
            const std::uint8_t pending = w.config_pending;
            w.usable = 0;
            resize(requested);
            w.config_pending = pending;
        } else {
            const std::uint64_t from = (request.address - first_address()) / setup_.page_bytes();
            const std::uint64_t count = request.blocks * device_block_bytes / setup_.page_bytes();
            for (std::uint64_t i = from; i < from + count; ++i) w.plugged[i] = request.type == plug ? 1 : 0;
        }
    }
    Response response{};
    response.type = static_cast<std::uint16_t>(type);
    std::memcpy(w.response, &response, sizeof(response));
    w.request_pending = 0;
    w.response_ready = 1;
    show(EventKind::handle_response, -1, type);
}

shim_virtqueue* Machine::find_vq(shim_virtio_device* vdev, void (*callback)(shim_virtqueue*)) {
    world_->vq.callback = callback;
    world_->vq.vdev = vdev;
    return &world_->vq;
}

int Machine::add_request(shim_virtqueue* vq, const void* request, void* response, void* token) {
    if (vq != &world_->vq || vq->callback == nullptr)
        violation("no-oops", "a request is sent on a virtqueue that does not exist");
    if (world_->request_pending != 0 || world_->response_ready != 0) {
        violation("requests-keep-rules", "a request is sent before the one before it was answered");
    }
    check_live(request, "a freed request is sent", sizeof(Request));
    check_live(response, "a freed response is sent", sizeof(Response));
    // sg_init_one(): DMA needs an address of the direct map, which a stack has not.
    if (on_other_stack(request) || on_other_stack(response))
        violation("no-oops", "BUG_ON(!virt_addr_valid(buf)): a buffer on the stack is given to the device");
    Request sent{};
    std::memcpy(&sent, request, sizeof(sent));
    const int page_count = static_cast<int>(sent.blocks * device_block_bytes / setup_.page_bytes());
    const bool inside = block_of_address(sent.address) >= 0;
    const int first = inside ? static_cast<int>((sent.address - first_address()) / setup_.page_bytes()) : 0;
    if (sent.type == unplug && inside) {
        for (int i = first; i < first + page_count && i < setup_.total_pages(); ++i) check_unplug(i);
    }
    show(EventKind::send_request,
         sent.type == unplug_all || !inside ? -1 : big_block_of(block_of_address(sent.address)), sent.type);
    point(Op::send_request, 0, 1, inside && sent.type != unplug_all ? block_of_address(sent.address) : -1);
    if (world_->ready == 0) violation("requests-keep-rules", "a request before DRIVER_OK, or after the reset");
    touch(device_object, true);
    world_->request = request;
    world_->response = response;
    world_->token = token;
    return 0;
}

bool Machine::kick(shim_virtqueue* vq) {
    if (vq != &world_->vq || vq->callback == nullptr) violation("no-oops", "a virtqueue is kicked that does not exist");
    if (world_->request == nullptr) return true;
    world_->request_pending = 1;
    touch(device_object, true);
    return true;
}

void* Machine::get_response(shim_virtqueue* vq, unsigned* length) {
    if (vq != &world_->vq) violation("no-oops", "a response is asked of a virtqueue that does not exist");
    touch(device_object, true);
    if (world_->response_ready == 0) return nullptr;
    world_->response_ready = 0;
    *length = sizeof(Response);
    return world_->token;
}

void Machine::read_config(unsigned offset, void* buffer, unsigned length) {
    // Each field is read on its own: the host may change its mind in between.
    point(Op::read_config);
    touch(device_object, false);
    Configuration configuration{};
    configuration.block_size = device_block_bytes;
    configuration.address = first_address();
    configuration.region_size = setup_.big_block_bytes() * static_cast<unsigned>(setup_.big_blocks);
    configuration.usable_region_size = world_->usable;
    configuration.plugged_size = plugged_bytes();
    configuration.requested_size = world_->requested;
    if (offset + length > sizeof(configuration)) violation("no-oops", "the configuration space is read beyond its end");
    std::memcpy(buffer, reinterpret_cast<const char*>(&configuration) + offset, length);
}

/// vp_del_vqs(): free_irq() waits for the handlers that are running.
void Machine::delete_queues() {
    point(Op::free_irq);
    world_->vq.callback = nullptr;
    world_->request_pending = 0;
    touch(device_object, true);
}

void Machine::device_ready() {
    world_->ready = 1;
    touch(device_object, true);
}

/// virtio_reset_device(): a device reset does not change what is plugged (virtio 1.3, DV-I2).
void Machine::reset_device() {
    world_->ready = 0;
    world_->request_pending = 0;
    world_->response_ready = 0;
    touch(device_object, true);
}

}  // namespace vmemcheck::conformance

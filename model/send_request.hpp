// SPDX-License-Identifier: MIT
/// \file
/// Requests to the device: virtio_mem_send_request() and its callers.
#pragma once

#include <optional>

#include "model/worker_part.hpp"

namespace vmemcheck::bbm {

template <class D, class Context>
struct SendRequest : WorkerPart<D, Context> {
    using Base = WorkerPart<D, Context>;
    using Base::c;
    using Base::next;
    using Base::s;
    using Base::self;

    explicit SendRequest(const Run<D, Context>& run) : Base{run} {}

    /// The result of a request to plug or unplug, when it has one: its caller goes on.
    std::optional<int> step(StepId pc) {
        answer_.reset();
        switch (pc) {
            case StepId::wk_send_enter:
                send_enter();
                break;
            case StepId::wk_send:
                send();
                break;
            case StepId::wk_kick:
                kick();
                break;
            case StepId::wk_wait:
                wait();
                break;
            case StepId::wk_response:
                response();
                break;
            case StepId::wk_response_all:
                response_all();
                break;
            default:
                break;
        }
        return answer_;
    }

 private:
    std::optional<int> answer_;

    void answered(int rc) { answer_ = rc; }

    void send_enter() {
        const int i = this->worker_bb();
        if (s.wk_why == purpose::plug) {
            this->show(EventKind::bbm_plug_and_add_bb, self, i);
            if (this->bb(i).state != big_block::unused) this->fail(assertion::no_warn, "WARN_ON_ONCE(state != UNUSED)");
        }
        next(StepId::wk_send);
    }

    void send() {
        const int i = this->worker_bb();
        this->show(s.wk_why == purpose::plug ? EventKind::send_plug : EventKind::send_unplug, self, i);
        if (s.config_changed == 1) return answered(result::eagain);
        next(StepId::wk_kick);
    }

    void kick() {
        const bool leftovers = static_cast<bool>(s.wk_why == purpose::leftovers);
        const int i = leftovers ? 0 : this->worker_bb();
        const int type = leftovers ? request::unplug_all : s.wk_why == purpose::plug ? request::plug : request::unplug;
        if (type == request::unplug) {
            for (int m = 0; m < c.scope.memory_blocks; ++m) {
                if (this->mb(i * c.scope.memory_blocks + m).state != memory_block::absent) {
                    this->fail(assertion::never_touch_unplugged, "UNPLUG sent for memory that is still added to Linux");
                }
            }
        }
        this->show(EventKind::send_request, self, type == request::unplug_all ? -1 : i, type);
        s.request_type = type;
        next(StepId::wk_wait);
    }

    void wait() {
        if (s.response_type == response::none) return this->blocked("response of the device", actor::device);
        this->show(EventKind::handle_response, 0, -1, D::index(s.response_type));
        next(s.wk_why == purpose::leftovers ? StepId::wk_response_all : StepId::wk_response);
    }

    void response_all() {
        const int type = D::index(s.response_type);
        this->show(EventKind::send_request_ret, self, -1, type);
        s.response_type = response::none;
        s.wk_why = purpose::none;
        if (type == response::ack) {
            s.unplug_all_required = 0;
            s.plugged = 0;
            s.config_changed = 1;
        }
        s.wk_rc = type == response::ack ? result::ok : type == response::busy ? result::etxtbsy : result::enomem;
        next(StepId::wk_config);
    }

    void response() {
        const int type = D::index(s.response_type);
        this->show(EventKind::send_request_ret, self, -1, type);
        s.response_type = response::none;
        const bool plug = static_cast<bool>(s.wk_why == purpose::plug);
        switch (type) {
            case response::ack:
                if (plug) {
                    s.plugged = s.plugged + 1;
                } else if (!c.is(Mutant::plugged_size_forgotten)) {
                    s.plugged = s.plugged - 1;
                }
                return answered(result::ok);
            case response::nack:
                return answered(plug ? result::eagain : result::enomem);
            case response::busy:
                return answered(c.is(Mutant::busy_device_as_busy_memory) ? result::ebusy : result::etxtbsy);
            default:
                return answered(result::einval);
        }
    }
};

}  // namespace vmemcheck::bbm

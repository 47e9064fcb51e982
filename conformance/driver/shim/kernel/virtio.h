/* SPDX-License-Identifier: MIT */
/* Devices and drivers of virtio, and virtqueues. */
#ifndef VMEMCHECK_SHIM_KERNEL_VIRTIO_H
#define VMEMCHECK_SHIM_KERNEL_VIRTIO_H

#include "kernel/host.h"
#include "kernel/types.h"

struct device {
    struct shim_device shim;
};
#define dev_name(device) ((device)->shim.name)
struct virtio_device;
struct virtqueue {
    union {
        struct shim_virtqueue shim;
        struct {
            void (*callback)(struct virtqueue *vq);
            struct virtio_device *vdev;
        };
    };
};
struct virtio_config_ops {
    void (*get)(struct virtio_device *vdev, unsigned offset, void *buf, unsigned len);
    void (*del_vqs)(struct virtio_device *vdev);
};
struct virtio_device {
    struct device dev;
    const struct virtio_config_ops *config;
    void *priv;
};
struct virtio_device_id {
    u32 device, vendor;
};
#define VIRTIO_ID_MEM 24
#define VIRTIO_DEV_ANY_ID 0xffffffff
#define VIRTIO_F_VERSION_1 32
struct device_driver {
    const char *name;
    struct module *owner;
};
struct virtio_driver {
    struct device_driver driver;
    const struct virtio_device_id *id_table;
    const unsigned int *feature_table;
    unsigned int feature_table_size;
    int (*validate)(struct virtio_device *vdev);
    int (*probe)(struct virtio_device *vdev);
    void (*scan)(struct virtio_device *vdev);
    void (*remove)(struct virtio_device *vdev);
    void (*shutdown)(struct virtio_device *vdev);
    void (*config_changed)(struct virtio_device *vdev);
    int (*freeze)(struct virtio_device *vdev);
    int (*restore)(struct virtio_device *vdev);
};
#define module_virtio_driver(driver) \
    SHIM_OWN struct virtio_driver *shim_virtio_driver(void) { return &(driver); }

#define virtio_has_feature(vdev, bit) ((void)(vdev), (bool)shim_host->has_feature(bit))
#define virtio_device_ready(vdev) shim_host->device_ready((struct shim_virtio_device *)(vdev))
#define virtio_reset_device(vdev) shim_host->reset_device((struct shim_virtio_device *)(vdev))
#define virtio_cread_le(vdev, structure, member, pointer) \
    ((vdev)->config->get(vdev, offsetof(structure, member), pointer, sizeof(((structure *)0)->member)))
#define virtio_cread virtio_cread_le
#define virtio16_to_cpu(vdev, value) ((void)(vdev), (u16)(value))
#define virtio32_to_cpu(vdev, value) ((void)(vdev), (u32)(value))
#define virtio64_to_cpu(vdev, value) ((void)(vdev), (u64)(value))
#define cpu_to_virtio16(vdev, value) ((u16)(value))
#define cpu_to_virtio32(vdev, value) ((u32)(value))
#define cpu_to_virtio64(vdev, value) ((u64)(value))
#define le16_to_cpu(value) (value)
#define le64_to_cpu(value) (value)
typedef void vq_callback_t(struct virtqueue *vq);
#define virtio_find_single_vq(device, function, name)                          \
    ((struct virtqueue *)shim_host->find_vq((struct shim_virtio_device *)(device), \
                                            (void (*)(struct shim_virtqueue *))(function)))

struct scatterlist {
    void *address;
    unsigned length;
};
SHIM_OWN void sg_init_one(struct scatterlist *sg, void *buf, unsigned length) {
    sg->address = buf;
    sg->length = length;
}
#define virtqueue_add_sgs(vq, sgs, out, in, data, gfp) \
    shim_host->add_request(&(vq)->shim, (sgs)[0]->address, (sgs)[1]->address, data)
#define virtqueue_kick(vq) ((bool)shim_host->kick(&(vq)->shim))
#define virtqueue_get_buf(vq, length) shim_host->get_response(&(vq)->shim, length)

#endif

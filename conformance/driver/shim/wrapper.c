/* SPDX-License-Identifier: MIT */
/* The driver's source in one piece with what the machine needs of it. Compiled at run time with
 * -include kernel.h -DSHIM_DRIVER="..." -DSHIM_KERNEL_VERSION=... */
const struct shim_host *shim_host;

#include SHIM_DRIVER

/* ---- the compiler's calls ---- */

#define SHIM_HOOK(name, size, write) \
    SHIM_HOOK_FUNCTION void __tsan_##name(void *address) { shim_host->access(address, size, write, SHIM_CALLER); }
#define SHIM_HOOK_FUNCTION __attribute__((no_sanitize_thread, no_instrument_function))
#define SHIM_HOOKS(size)                                 \
    SHIM_HOOK(read##size, size, 0)                       \
    SHIM_HOOK(write##size, size, 1)                      \
    SHIM_HOOK(unaligned_read##size, size, 0)             \
    SHIM_HOOK(unaligned_write##size, size, 1)            \
    SHIM_HOOK(volatile_read##size, size, 0)              \
    SHIM_HOOK(volatile_write##size, size, 1)             \
    SHIM_HOOK(unaligned_volatile_read##size, size, 0)    \
    SHIM_HOOK(unaligned_volatile_write##size, size, 1)
SHIM_HOOKS(1)
SHIM_HOOKS(2)
SHIM_HOOKS(4)
SHIM_HOOKS(8)
SHIM_HOOKS(16)
SHIM_HOOK_FUNCTION void __tsan_read_range(void *address, size_t size) {
    shim_host->access(address, size, 0, SHIM_CALLER);
}
SHIM_HOOK_FUNCTION void __tsan_write_range(void *address, size_t size) {
    shim_host->access(address, size, 1, SHIM_CALLER);
}
SHIM_HOOK_FUNCTION void __tsan_init(void) {}
SHIM_HOOK_FUNCTION void __tsan_func_entry(void *caller) { (void)caller; }
SHIM_HOOK_FUNCTION void __tsan_func_exit(void *unused) { (void)unused; }

/* The compiler calls __fentry__ first thing in each function, before anything is on the stack: above its own return
 * address is the one of the function. Arguments are still in their registers. */
SHIM_HOOK_FUNCTION __attribute__((used)) void shim_enter(void *function, const unsigned long *registers,
                                                         void **return_address) {
    shim_host->enter(function, registers, return_address);
}
SHIM_HOOK_FUNCTION __attribute__((used)) void *shim_leave(unsigned long result) { return shim_host->leave(result); }
__asm__(
    ".text\n"
    ".globl __fentry__\n"
    ".hidden __fentry__\n"
    ".type __fentry__, @function\n"
    "__fentry__:\n"
    "    pushq %rax\n"
    "    pushq %r9\n"
    "    pushq %r8\n"
    "    pushq %rcx\n"
    "    pushq %rdx\n"
    "    pushq %rsi\n"
    "    pushq %rdi\n"
    "    subq $8, %rsp\n" /* a call wants the stack at a multiple of 16 */
    "    movq 64(%rsp), %rdi\n" /* where the function goes on after this call: 5 bytes from its first */
    "    subq $5, %rdi\n"
    "    leaq 8(%rsp), %rsi\n"
    "    leaq 72(%rsp), %rdx\n" /* the function's return address */
    "    call shim_enter\n"
    "    addq $8, %rsp\n"
    "    popq %rdi\n"
    "    popq %rsi\n"
    "    popq %rdx\n"
    "    popq %rcx\n"
    "    popq %r8\n"
    "    popq %r9\n"
    "    popq %rax\n"
    "    ret\n"
    ".size __fentry__, . - __fentry__\n"
    /* A function whose return address was exchanged comes here. */
    ".globl shim_trampoline\n"
    ".hidden shim_trampoline\n"
    ".type shim_trampoline, @function\n"
    "shim_trampoline:\n"
    "    subq $8, %rsp\n"
    "    pushq %rdx\n"
    "    pushq %rax\n"
    "    movq %rax, %rdi\n"
    "    subq $8, %rsp\n"
    "    call shim_leave\n"
    "    addq $8, %rsp\n"
    "    movq %rax, 16(%rsp)\n"
    "    popq %rax\n"
    "    popq %rdx\n"
    "    ret\n"
    ".size shim_trampoline, . - shim_trampoline\n"
    ".section .note.GNU-stack,\"\",@progbits\n"
    ".text\n");

/* ---- what the machine needs ---- */

SHIM_OWN void shim_driver(struct shim_driver *driver) {
    const struct virtio_driver *own = shim_virtio_driver();
    driver->probe = (int (*)(struct shim_virtio_device *))own->probe;
    driver->remove = (void (*)(struct shim_virtio_device *))own->remove;
    driver->config_changed = (void (*)(struct shim_virtio_device *))own->config_changed;
    driver->freeze = (int (*)(struct shim_virtio_device *))own->freeze;
    driver->restore = (int (*)(struct shim_virtio_device *))own->restore;
}

SHIM_OWN void shim_observe(const void *device, struct shim_observed *seen) {
    const struct virtio_mem *vm = device;
    int i;
    __builtin_memset(seen, 0, sizeof(*seen));
    seen->in_sbm = vm->in_sbm;
    if (vm->in_sbm) {
        seen->states = vm->sbm.mb_states;
        seen->first_id = vm->sbm.first_mb_id;
        seen->next_id = vm->sbm.next_mb_id;
        seen->block_size = memory_block_size_bytes();
        seen->subblocks = vm->sbm.sb_states;
        seen->subblock_size = vm->sbm.sb_size;
        for (i = 0; i < VIRTIO_MEM_SBM_MB_COUNT && i < 8; ++i) seen->counts[i] = vm->sbm.mb_count[i];
    } else {
        seen->states = vm->bbm.bb_states;
        seen->first_id = vm->bbm.first_bb_id;
        seen->next_id = vm->bbm.next_bb_id;
        seen->block_size = vm->bbm.bb_size;
        for (i = 0; i < VIRTIO_MEM_BBM_BB_COUNT && i < 8; ++i) seen->counts[i] = vm->bbm.bb_count[i];
    }
    seen->plugged_size = vm->plugged_size;
    seen->requested_size = vm->requested_size;
    seen->offline_size = (uint64_t)vm->offline_size.counter;
    seen->offline_threshold = vm->offline_threshold;
    seen->hotplug_active = vm->hotplug_active;
    seen->config_changed = vm->config_changed.counter;
    seen->wq_active = vm->wq_active.counter;
    seen->broken = vm->broken;
    seen->removing = vm->removing;
    seen->unplug_all_required = vm->unplug_all_required;
    seen->retry_timer_ms = vm->retry_timer_ms;
    seen->hotplug_mutex = &vm->hotplug_mutex.shim;
    seen->work = &vm->wq.shim;
    seen->timer = &vm->retry_timer.shim;
}

extern char shim_trampoline[];
#ifdef SHIM_COVERAGE
extern void __gcov_dump(void);
extern void __gcov_reset(void);
#endif

extern const struct shim_param __start_shim_params[], __stop_shim_params[];

__attribute__((visibility("default"), no_instrument_function, no_sanitize_thread)) const struct shim_plugin *
shim_plugin(void) {
    static struct shim_plugin plugin;
    plugin.version = SHIM_VERSION;
    plugin.host = &shim_host;
    plugin.params = __start_shim_params;
    plugin.params_end = __stop_shim_params;
    plugin.driver = shim_driver;
    plugin.observe = shim_observe;
    plugin.request_size = sizeof(struct virtio_mem_req);
    plugin.trampoline = shim_trampoline;
    plugin.response_size = sizeof(struct virtio_mem_resp);
    plugin.device_size = sizeof(struct virtio_mem);
#ifdef SHIM_COVERAGE
    plugin.dump_coverage = __gcov_dump;
    plugin.reset_coverage = __gcov_reset;
#endif
    return &plugin;
}

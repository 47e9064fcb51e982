/* SPDX-License-Identifier: MIT */
/* Lists, and RCU, under which they are walked. */
#ifndef VMEMCHECK_SHIM_KERNEL_LIST_H
#define VMEMCHECK_SHIM_KERNEL_LIST_H

#include "kernel/host.h"
#include "kernel/types.h"

struct list_head {
    struct list_head *next, *prev;
};
#define LIST_HEAD_INIT(name) {&(name), &(name)}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
SHIM_OWN void INIT_LIST_HEAD(struct list_head *head) {
    head->next = head;
    head->prev = head;
}
#define list_empty(head) ((head)->next == (head))
SHIM_OWN void list_add(struct list_head *entry, struct list_head *head) {
    shim_host->access(entry, sizeof(*entry), 1, SHIM_CALLER);
    shim_host->access(head, sizeof(*head), 1, SHIM_CALLER);
    entry->next = head->next;
    entry->prev = head;
    head->next->prev = entry;
    head->next = entry;
}
SHIM_OWN void list_add_tail(struct list_head *entry, struct list_head *head) { list_add(entry, head->prev); }
SHIM_OWN void list_del_rcu(struct list_head *entry) {
    shim_host->access(entry, sizeof(*entry), 1, SHIM_CALLER);
    shim_host->access(&entry->next->prev, sizeof(entry->prev), 1, SHIM_CALLER);
    shim_host->access(&entry->prev->next, sizeof(entry->next), 1, SHIM_CALLER);
    entry->next->prev = entry->prev;
    entry->prev->next = entry->next;
}
SHIM_OWN void list_del(struct list_head *entry) {
    list_del_rcu(entry);
    entry->next = (struct list_head *)0x100;
    entry->prev = (struct list_head *)0x122;
}
#define list_add_rcu list_add
#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_for_each_entry(entry, head, member)                                       \
    for (entry = list_entry((head)->next, __typeof__(*entry), member); &entry->member != (head); \
         entry = list_entry(entry->member.next, __typeof__(*entry), member))
#define list_for_each_entry_rcu(entry, head, member, ...) list_for_each_entry(entry, head, member)

#define rcu_read_lock() shim_host->point(SHIM_RCU_READ_LOCK, (const void *)0, (const void *)0)
#define rcu_read_unlock() shim_host->point(SHIM_RCU_READ_UNLOCK, (const void *)0, (const void *)0)
#define synchronize_rcu() shim_host->synchronize_rcu()

#endif

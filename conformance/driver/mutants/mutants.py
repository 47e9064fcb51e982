# SPDX-License-Identifier: MIT
"""Seeded faults of the virtio-mem driver: each a change of a few words in one function.

A fault names the function, a fragment of it, which of its occurrences, and what stands there instead; so it holds for
every release that has the function. `flags` are those of `vmemcheck driver` under which it shows.
"""

from dataclasses import dataclass

BBM = ()
SBM = ("--driver-mode", "sbm", "--memory-blocks", "1", "--requests", "4,3,1,0")
LATE = SBM + ("--auto-online", "off", "--user-requests", "2")
PLUGGED = ("--leftovers-plugged", "1")
# Nobody but user space comes between: what shows only in two places at once is found sooner.
QUIET = ("--big-blocks", "1", "--memory-blocks", "1", "--requests", "1", "--allocations", "0", "--pins", "0",
         "--extra-resizes", "0", "--fault-count", "0", "--user-requests", "2")


@dataclass(frozen=True)
class Mutant:
    name: str
    meaning: str
    functions: tuple  # the first of these that the driver has
    find: str
    put: str
    occurrence: int = 1
    flags: tuple = BBM
    releases: tuple = ()  # empty: all
    equivalent: str = ""  # why no run can tell it from the driver


def fault(name, meaning, functions, find, put, **more):
    if isinstance(functions, str):
        functions = (functions,)
    return Mutant(name, meaning, functions, find, put, **more)


BBM_UNPLUG = "virtio_mem_bbm_offline_remove_and_unplug_bb"
NOTIFIER = "virtio_mem_memory_notifier_cb"
CLEANUP = ("virtio_mem_cleanup_pending_mb", "virtio_mem_unplug_pending_mb")
DEINIT = ("virtio_mem_deinit_hotplug", "virtio_mem_remove")

MUTANTS = (
    # --- Big Block Mode ---
    fault("going-keeps-reference", "GOING_OFFLINE leaves the driver's reference on fake-offline pages",
          "virtio_mem_fake_offline_going_offline", "!page_ref_dec_and_test(page)", "!page_count(page)"),
    fault("cancel-forgets-reference", "CANCEL_OFFLINE does not take the reference again",
          "virtio_mem_fake_offline_cancel_offline", "page_ref_inc(", "pfn_to_page(pfn); (void)("),
    fault("going-drops-added", "GOING_OFFLINE drops references in a big block that is not FAKE_OFFLINE",
          "virtio_mem_bbm_notify_going_offline", "BB_FAKE_OFFLINE)", "BB_ADDED)"),
    fault("cancel-takes-added", "CANCEL_OFFLINE takes references in a big block that is not FAKE_OFFLINE",
          "virtio_mem_bbm_notify_cancel_offline", "BB_FAKE_OFFLINE)", "BB_ADDED)"),
    fault("online-ignores-fake-offline", "memory onlined in a FAKE_OFFLINE big block goes to the buddy",
          "virtio_mem_online_page", "VIRTIO_MEM_BBM_BB_FAKE_OFFLINE", "VIRTIO_MEM_BBM_BB_COUNT"),
    fault("rollback-leaves-pages", "a failed unplug does not give back its pages",
          BBM_UNPLUG, "virtio_mem_fake_online(pfn, PAGES_PER_SECTION)", "(void)0"),
    fault("rollback-leaves-state", "a failed unplug leaves the big block FAKE_OFFLINE",
          BBM_UNPLUG, "virtio_mem_bbm_set_bb_state(vm, bb_id, VIRTIO_MEM_BBM_BB_ADDED)", "(void)0"),
    fault("rollback-goes-too-far", "a failed unplug gives back what it never took",
          BBM_UNPLUG, "end_pfn = pfn;", ";"),
    fault("unplug-without-removal", "UNPLUG is sent while Linux has the memory",
          BBM_UNPLUG, "virtio_mem_bbm_offline_and_remove_bb(vm, bb_id)", "0"),
    fault("removal-with-mutex-held", "hotplug_mutex is held while memory is offlined and removed",
          BBM_UNPLUG, "mutex_unlock(&vm->hotplug_mutex)", "(void)0"),
    fault("unplugged-counts-as-plugged", "a big block that was unplugged is PLUGGED",
          BBM_UNPLUG, "VIRTIO_MEM_BBM_BB_UNUSED)", "VIRTIO_MEM_BBM_BB_PLUGGED)"),
    fault("plug-forgets-added", "a big block that was added stays UNUSED",
          "virtio_mem_bbm_plug_and_add_bb", "virtio_mem_bbm_set_bb_state(vm, bb_id, VIRTIO_MEM_BBM_BB_ADDED)",
          "(void)0"),
    fault("add-failure-leaves-plugged", "a big block that could not be added counts as UNUSED, and is plugged",
          "virtio_mem_bbm_plug_and_add_bb", "!virtio_mem_bbm_unplug_bb(vm, bb_id)", "1"),
    fault("pending-never-unplugged", "PLUGGED big blocks are not unplugged later",
          CLEANUP, "VIRTIO_MEM_BBM_BB_PLUGGED)", "VIRTIO_MEM_BBM_BB_FAKE_OFFLINE)"),
    fault("state-forgets-count", "a change of state does not count the new state",
          "virtio_mem_bbm_set_bb_state", "bb_count[state]++", "bb_count[state] += 0"),
    # --- both modes ---
    fault("offline-size-not-added", "memory that is added is not counted as offline",
          "virtio_mem_add_memory", "atomic64_add(size,", "atomic64_add(0,"),
    fault("offline-size-kept-on-failure", "memory that could not be added stays counted as offline",
          "virtio_mem_add_memory", "atomic64_sub(size,", "atomic64_sub(0,"),
    fault("offline-size-kept-on-removal", "memory that was removed stays counted as offline",
          "virtio_mem_offline_and_remove_memory", "atomic64_sub(size,", "atomic64_sub(0,"),
    fault("offline-size-kept-on-online", "memory that was onlined stays counted as offline",
          NOTIFIER, "atomic64_sub(size,", "atomic64_sub(0,"),
    fault("plug-not-counted", "plugged_size forgets what was plugged",
          "virtio_mem_send_plug_request", "plugged_size += size", "plugged_size += 0"),
    fault("unplug-not-counted", "plugged_size forgets what was unplugged",
          "virtio_mem_send_unplug_request", "plugged_size -= size", "plugged_size -= 0"),
    fault("managed-kept", "fake-offline pages stay managed",
          "virtio_mem_fake_offline", "adjust_managed_page_count(pfn_to_page(pfn), -nr_pages)", "(void)0"),
    fault("managed-not-returned", "pages given back are not managed",
          "virtio_mem_fake_online", "adjust_managed_page_count(page, 1 << order)", "(void)0"),
    fault("never-onlined-not-marked", "pages kept when their memory was onlined are not PageDirty",
          "virtio_mem_set_fake_offline", "SetPageDirty(page)", "(void)0"),
    fault("never-onlined-not-told-apart", "pages that were never onlined are freed as if allocated",
          "virtio_mem_fake_online", "if (PageDirty(page))", "if (0)"),
    fault("rcu-kept", "the page callback does not leave the RCU read side section",
          "virtio_mem_online_page_cb", "rcu_read_unlock();", ";"),
    fault("active-without-online", "GOING_ONLINE does not note that an operation is active",
          NOTIFIER, "hotplug_active = true", "hotplug_active = false", occurrence=2),
    fault("cancel-offline-without-going", "CANCEL_OFFLINE is answered without a GOING_OFFLINE",
          NOTIFIER, "!vm->hotplug_active", "0"),
    fault("cancel-online-without-going", "CANCEL_ONLINE is answered without a GOING_ONLINE",
          NOTIFIER, "!vm->hotplug_active", "0", occurrence=2),
    fault("removing-not-seen-by-offline", "GOING_OFFLINE is accepted while the driver is removed",
          NOTIFIER, "if (vm->removing)", "if (0)", flags=QUIET),
    fault("removing-not-seen-by-online", "GOING_ONLINE is accepted while the driver is removed",
          NOTIFIER, "if (vm->removing)", "if (0)", occurrence=2, flags=QUIET + ("--auto-online", "off")),
    fault("removing-not-set", "removal does not keep work from being queued",
          DEINIT, "vm->removing = true", "vm->removing = false"),
    fault("work-not-cancelled", "removal does not wait for the worker",
          DEINIT, "cancel_work_sync(&vm->wq)", "(void)0"),
    fault("timer-not-cancelled", "removal does not cancel the retry timer",
          DEINIT, "hrtimer_cancel(&vm->retry_timer)", "(void)0"),
    fault("notifier-stays", "removal leaves the memory notifier registered",
          DEINIT, "unregister_memory_notifier(&vm->memory_notifier)", "(void)0"),
    fault("states-leak", "removal does not free the states of big blocks",
          DEINIT, "vfree(vm->bbm.bb_states)", "(void)0"),
    fault("device-freed-early", "removal frees the device before the device is reset",
          "virtio_mem_remove", "virtio_reset_device(vdev);", "kfree(vm); virtio_reset_device(vdev);",),
    fault("config-change-lost", "a config change does not start the worker",
          "virtio_mem_config_changed", "virtio_mem_retry(vm)", "(void)0"),
    fault("config-change-kept", "the worker does not note that it has seen a config change",
          "virtio_mem_run_wq", "atomic_set(&vm->config_changed, 0)", "(void)0"),
    fault("busy-is-fatal", "-EBUSY marks the device broken",
          "virtio_mem_run_wq", "case -EBUSY:", "case -EINTR:", releases=("linux-6.12",)),
    fault("no-retry", "a failed attempt does not start the timer",
          "virtio_mem_run_wq", "hrtimer_start(", "(void)sizeof("),
    fault("response-not-told", "the response of the device wakes up nobody",
          "virtio_mem_handle_response", "wake_up(&vm->host_resp)", "(void)0"),
    fault("request-on-stack", "the request given to the device is on the stack",
          "virtio_mem_send_request", "&vm->req,", "(void *)req,"),
    fault("leftovers-kept", "probe does not ask to unplug what an earlier driver left",
          ("virtio_mem_init_hotplug", "virtio_mem_init"), "unplug_all_required = true", "unplug_all_required = false",
          flags=PLUGGED),
    fault("rcu-not-awaited", "removal does not wait for RCU readers",
          "unregister_virtio_mem_device", "synchronize_rcu();", ";",
          equivalent="with one device: a page callback runs while hotplug_mutex is held from GOING_ONLINE on, which "
          "removal has waited for"),
    # --- Sub Block Mode ---
    fault("sbm-state-forgets-count", "a change of state does not count the new state",
          "virtio_mem_sbm_set_mb_state", "mb_count[state]++", "mb_count[state] += 0", flags=SBM),
    fault("sbm-first-decides", "the first subblock decides whether a whole chunk of pages is onlined",
          "virtio_mem_online_page", "test_sb_plugged(vm, id, sb_id, count)", "test_sb_plugged(vm, id, sb_id, 1)",
          flags=LATE),
    fault("sbm-plugged-not-noted", "subblocks that were plugged are not noted as such",
          "virtio_mem_sbm_plug_sb", "if (!rc)", "if (0)", flags=SBM),
    fault("sbm-unplugged-not-noted", "subblocks that were unplugged are not noted as such",
          "virtio_mem_sbm_unplug_sb", "if (!rc)", "if (0)", flags=SBM),
    fault("sbm-failure-keeps-pages", "pages of a subblock that could not be unplugged are not given back",
          "virtio_mem_sbm_unplug_sb_online", "virtio_mem_fake_online(start_pfn, nr_pages)", "(void)0", flags=SBM),
    fault("sbm-plugged-not-onlined", "pages of a subblock plugged into online memory stay with the driver",
          "virtio_mem_sbm_plug_any_sb", "virtio_mem_fake_online(pfn, nr_pages)", "(void)0", flags=SBM),
    fault("sbm-offline-onlined", "pages of a subblock plugged into offline memory are given to the buddy",
          "virtio_mem_sbm_plug_any_sb", "if (old_state == VIRTIO_MEM_SBM_MB_OFFLINE_PARTIAL)", "if (0)", flags=LATE),
    fault("sbm-going-drops-plugged", "GOING_OFFLINE drops references of plugged subblocks",
          "virtio_mem_sbm_notify_going_offline", "if (virtio_mem_sbm_test_sb_plugged",
          "if (!virtio_mem_sbm_test_sb_plugged", flags=SBM),
    fault("sbm-cancel-forgets-reference", "CANCEL_OFFLINE takes references of the plugged subblocks alone",
          "virtio_mem_sbm_notify_cancel_offline", "if (virtio_mem_sbm_test_sb_plugged",
          "if (!virtio_mem_sbm_test_sb_plugged", flags=SBM),
    fault("sbm-removal-allows-online", "memory that is about to be removed may be onlined",
          "virtio_mem_sbm_unplug_any_sb_offline", "VIRTIO_MEM_SBM_MB_UNUSED)", "VIRTIO_MEM_SBM_MB_OFFLINE_PARTIAL)",
          flags=LATE),
    fault("sbm-partial-counts-as-whole", "a partially plugged memory block counts as wholly plugged",
          "virtio_mem_sbm_plug_and_add_mb", "if (count == vm->sbm.sbs_per_mb)", "if (1)", flags=SBM),
    fault("sbm-wrong-zone", "memory onlined to ZONE_MOVABLE counts as kernel memory",
          "virtio_mem_sbm_notify_online", "new_state = VIRTIO_MEM_SBM_MB_MOVABLE;",
          "new_state = VIRTIO_MEM_SBM_MB_KERNEL;", flags=SBM),
    fault("sbm-offline-forgotten", "wholly plugged memory that was offlined counts as partially plugged",
          "virtio_mem_sbm_notify_offline", "VIRTIO_MEM_SBM_MB_OFFLINE)", "VIRTIO_MEM_SBM_MB_OFFLINE_PARTIAL)",
          flags=SBM),
    fault("sbm-unplugs-more-than-taken", "several subblocks are unplugged, and the pages of one were taken",
          "virtio_mem_sbm_unplug_sb_online", "PFN_DOWN(vm->sbm.sb_size) * count", "PFN_DOWN(vm->sbm.sb_size)",
          flags=SBM),
    fault("sbm-partial-left-behind", "removal leaves partially plugged offline memory to user space",
          DEINIT, "VIRTIO_MEM_SBM_MB_OFFLINE_PARTIAL", "VIRTIO_MEM_SBM_MB_PLUGGED", flags=LATE),
    fault("sbm-denied-online-accepted", "memory in a state that must not be onlined is onlined",
          "virtio_mem_sbm_notify_going_online", "return NOTIFY_BAD", "return NOTIFY_OK", flags=LATE),
)

#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# The guest's init: loads the modules without binding the device, sets the probes, and then does what it is told on the
# second serial port, one line of shell at a time, answering each with its output and a line "@@STATUS".
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t tmpfs tmpfs /tmp
stty raw -echo -F /dev/ttyS1
exec </dev/ttyS1 >/dev/ttyS1 2>&1
. /parameters
tracing=/sys/kernel/tracing
memory=/sys/devices/system/memory
mark() { echo "$1" >$tracing/trace_marker; }
inject() {
    mark "inject MEM_$1=$2"
    echo "$2" >/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_$1/error
}
# user BLOCK STATE: as user space sets it, with marks before and after
user() {
    mark "user: memory$1 <- $2"
    user_status=0
    echo "$2" >$memory/memory$1/state 2>/dev/null || user_status=1
    mark "user: memory$1 <- $2 rc=$user_status -> $(cat $memory/memory$1/state 2>/dev/null || echo gone)"
}
begin() {
    for module in $modules; do
        # The driver's own bus exists now, unless it was there from the beginning.
        [ -e /sys/bus/virtio/drivers_autoprobe ] && echo 0 >/sys/bus/virtio/drivers_autoprobe
        case $module in
        virtio_mem) insmod /modules/$module.ko $driver_parameters ;;
        memory-notifier-error-inject) [ -z "$priority" ] || insmod /modules/$module.ko priority=$priority ;;
        *) insmod /modules/$module.ko ;;
        esac || echo "cannot load $module"
    done
    echo $online >$memory/auto_online_blocks
    echo mono >$tracing/trace_clock
    echo 0 >$tracing/options/overwrite
    echo 32768 >$tracing/buffer_size_kb
    echo 1024 >$tracing/saved_cmdlines_size
    vmtool probes /probes
    # These only take time.
    for filter in $tracing/events/vm/delay__*/filter; do
        [ ! -e "$filter" ] || echo 'never == 1' >"$filter"
    done
    echo 1 >$tracing/events/vm/enable
    echo 1 >$tracing/events/printk/console/enable
    echo 1 >$tracing/tracing_on
}
obey() {
    while IFS= read -r line; do
        eval "$line"
        echo "@@$?"
    done
}
echo "@@ready"
# Some errors end a shell.
while :; do
    (obey)
    echo "@@99"
done

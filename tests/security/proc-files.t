#!/bin/sh
# SPDX-License-Identifier: MIT
# The files of /proc that act on the machine, or tell about it. Those that act are opened for writing, and no more.
. "${0%/*}/attack.sh"

attack <<'EOS'
for file in sysrq-trigger sys/kernel/core_pattern sys/kernel/modprobe sys/kernel/hotplug sys/kernel/poweroff_cmd \
	sys/kernel/panic sys/kernel/randomize_va_space sys/kernel/sysrq sys/fs/suid_dumpable sys/fs/file-max \
	sys/vm/drop_caches sys/vm/panic_on_oom irq/default_smp_affinity; do
	try "/proc/$file to write" writes "/proc/$file"
done
try '/proc/kcore' shows /proc/kcore
for file in keys timer_list sched_debug interrupts latency_stats; do
	try "/proc/$file" shows "/proc/$file"
done
for folder in acpi scsi asound; do
	try "/proc/$folder" lists "/proc/$folder"
done
EOS
attacks_end

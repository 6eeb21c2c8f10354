/* SPDX-License-Identifier: MIT */
/* The mount points of /proc/PID/mountinfo, without memory of their own. */
#ifndef SV_MOUNTINFO_H
#define SV_MOUNTINFO_H

/*
 * Reads mountinfo from its beginning and calls one(point) with each mount point, oldest first. Returns how many calls
 * returned non-zero, or -errno. proc_pid_mountinfo(5)
 */
int mountinfo_each(int mountinfo, int (*one)(const char *point));

#endif

/* SPDX-License-Identifier: MIT */
/* The sysctls of the container's IPC namespace (ipc_namespaces(7)), which only the namespace's maker may write. */
#ifndef SV_IPC_SYSCTL_H
#define SV_IPC_SYSCTL_H

#include "error.h"
#include "spec.h"
#include "userns.h"

/* Writes those of the spec's sysctls that aren't the network's into the IPC namespace of the process behind pidfd.
 * 0, or a negative number with the error set. Does nothing, and costs nothing, where there are none. */
int ipc_sysctl_write(const struct spec *spec, int pidfd, const struct userns *userns,
		     struct error *error);

#endif

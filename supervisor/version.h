/* SPDX-License-Identifier: MIT */
/* The version, in one place. */
#ifndef SV_VERSION_H
#define SV_VERSION_H

#ifndef SV_VERSION
# define SV_VERSION "0.1.0"
#endif

#endif

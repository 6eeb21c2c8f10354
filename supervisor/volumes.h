/* SPDX-License-Identifier: MIT */
/* Named volumes, volumes/NAME in the store: made at their first use, kept until `sv volume rm`, locked while they are used. */
#ifndef SV_VOLUMES_H
#define SV_VOLUMES_H

#include "error.h"
#include "plan_build.h"
#include "rootfs.h"
#include "spec.h"

/*
 * Makes paths of the names in the spec's volumes, and the folders that `create` asks for. `rows` has one for each volume. --dry-run
 * makes nothing. 0, or a negative number with the error set. Nothing is looked at where there is no such volume.
 */
int volumes_find(struct rootfs *rootfs, struct spec *spec, struct plan_volume *rows,
		 struct error *error);

/* Lets go of them. rows may be NULL. */
void volumes_free(const struct spec *spec, struct plan_volume *rows);

#endif

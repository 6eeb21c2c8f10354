/* SPDX-License-Identifier: MIT */
/*
 * Accesses by name and by version: Documentation/userspace-api/landlock.rst. A kernel denies only what a ruleset says
 * that it handles, and refuses a ruleset with an access that it doesn't know: so it is asked for all that it has, and
 * what came later is left out, as that document recommends. No Landlock at all is an error.
 */
#include "landlock.h"

#include "../init/lib/sys.h"

#include <linux/landlock.h>

#ifndef LANDLOCK_ACCESS_FS_REFER /* Linux 5.19 */
# define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE /* Linux 6.2 */
# define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV /* Linux 6.10 */
# define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

#define READS \
 (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OF_FILES                                                                              \
 (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
  LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV)

/* What each version has added. The first ends with the making of symbolic links. */
static const struct {
	int version;
	uint64_t accesses;
} added[] = {
	{ 1, (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 },
	{ 2,
	  LANDLOCK_ACCESS_FS_REFER }, /* before, moving a file to another folder is always denied */
	{ LANDLOCK_TRUNCATE_VERSION, LANDLOCK_ACCESS_FS_TRUNCATE },
	{ 5, LANDLOCK_ACCESS_FS_IOCTL_DEV },
};

int landlock_version(void)
{
	return sys_landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

int landlock_make(uint32_t *handled, struct error *error)
{
	/* The first member alone: what later versions have behind it isn't asked for. */
	uint64_t accesses = 0;
	int version = landlock_version(), fd;

	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		accesses |= version >= added[i].version ? added[i].accesses : 0;
	fd = version < 0 ? version : sys_landlock_create_ruleset(&accesses, sizeof(accesses), 0);
	*handled = (uint32_t)accesses;
	if (fd >= 0)
		return fd;
	return error_hint(error,
			  error_set(error, fd, "--landlock: this kernel's Landlock can't be used"),
			  fd == -EOPNOTSUPP
				  ? "it is there but not switched on: boot with 'lsm=landlock,...'"
				  : "it needs Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK");
}

uint32_t landlock_access(const struct spec_landlock *row, uint32_t handled)
{
	return row->writes ? handled : handled & (uint32_t)READS;
}

uint32_t landlock_file_access(const struct spec_landlock *row, uint32_t handled)
{
	return landlock_access(row, handled) & (uint32_t)OF_FILES;
}

/* SPDX-License-Identifier: MIT */
/* Volumes are opened as what they were found to be. */
#include "supervisor/tree.h"

#include "init/lib/fd.h"
#include "supervisor/store.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/sv-unit-tree-XXXXXX";

static void opens(bool detach, int lock, const char *source)
{
	struct error error = { 0 };
	struct spec_volume volume = { .source = source, .is_named = true };
	struct spec spec = { .volumes = { &volume, 1 } };
	struct plan_volume row = { .fd = -1, .lock = lock };
	struct stat found, opened = { .st_ino = 0 };

	is_int(tree_open_volumes(&spec, detach, &row, &error), 0, "a named volume is opened");
	ok(fstat(lock, &found) == 0 && fstat(row.fd, &opened) == 0 && found.st_ino == opened.st_ino,
	   "and is the folder that is locked, whatever its path leads to now");
	fd_close(&row.fd);
}

int main(void)
{
	char source[64], moved[64];
	int lock;

	ok(mkdtemp(root) != NULL, "a folder");
	(void)snprintf(source, sizeof(source), "%s/data", root);
	(void)mkdir(source, 0755);
	lock = open(source, O_RDONLY | O_DIRECTORY);
	(void)snprintf(moved, sizeof(moved), "%s/moved", root);
	ok(lock > 0 && rename(source, moved) == 0 && symlink("/", source) == 0,
	   "a volume whose path is a link by now");
	opens(false, lock, source);
	if (geteuid() == 0)
		opens(true, lock, source);
	(void)close(lock);
	is_int(store_remove_tree(AT_FDCWD, root), 0, "all is removed");
	return tap_done();
}

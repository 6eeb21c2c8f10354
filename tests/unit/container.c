/* SPDX-License-Identifier: MIT */
/* Whose a container's folder is: what finding and collecting may remove. In a store of this test's own. */
#include "supervisor/container.h"

#include "init/lib/fd.h"
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/sv-unit-container-XXXXXX";
static struct store store;

static bool is_there(const char *name)
{
	struct stat status;

	return fstatat(store.folders[STORE_CONTAINERS], name, &status, 0) == 0;
}

/* As its maker has it before it could lock it, and as one leaves it that was killed then. */
static void make_bare(const char *name)
{
	(void)mkdirat(store.folders[STORE_CONTAINERS], name, 0700);
}

static int find(bool owns_name, const char *name)
{
	struct error error = { 0 };
	struct container container = { .fd = -1, .owns_name = owns_name };
	int result = container_find(&container, &store, name, &error);

	(void)container_end(&container, false);
	return result;
}

static void finds(void)
{
	make_bare("bare");
	is_int(find(false, "bare"), 0, "a folder without a text is no kept container");
	ok(is_there("bare"), "and is let alone by one that only looks");
	is_int(find(true, "bare"), 0, "nor is it for who owns the name");
	ok(!is_there("bare"), "who removes it");
	make_bare("bare");
	container_collect_one(root, "bare");
	ok(!is_there("bare"), "as who collects does");
}

static int lock_folder(const char *name)
{
	int fd = openat(store.folders[STORE_CONTAINERS], name, O_RDONLY | O_DIRECTORY);

	ok(fd >= 0 && sys_flock(fd, LOCK_EX | LOCK_NB) == 0, "'%s' is locked", name);
	return fd;
}

/* The process has the folder `name` open. */
static bool has_open(pid_t pid, const char *name)
{
	char path[64], link[256];
	bool found = false;
	struct dirent *entry;
	DIR *list;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	list = opendir(path);
	while (list != NULL && !found && (entry = readdir(list)) != NULL) {
		ssize_t length = readlinkat(dirfd(list), entry->d_name, link, sizeof(link) - 1);

		link[length < 0 ? 0 : length] = '\0';
		found = strstr(link, "/containers/") != NULL &&
			strcmp(strrchr(link, '/') + 1, name) == 0;
	}
	if (list != NULL)
		(void)closedir(list);
	return found;
}

/* One waits for the lock of a folder, whose name is another container's when it has it. */
static void waits(void)
{
	int folder = store.folders[STORE_CONTAINERS], go[2] = { -1, -1 }, before, now, status = -1;
	char byte = 0;
	pid_t pid;

	make_bare("x");
	ok(pipe(go) == 0, "a pipe");
	pid = fork();
	if (pid == 0)
		_exit(read(go[0], &byte, 1) == 1 && find(true, "x") < 0 ? 0 : 1);
	before = lock_folder("x");
	ok(write(go[1], &byte, 1) == 1, "another waits for it");
	while (!has_open(pid, "x") && waitpid(pid, &status, WNOHANG) == 0)
		(void)sys_poll(NULL, 0, 1);
	(void)renameat(folder, "x", folder, "gone");
	make_bare("x");
	now = lock_folder("x");
	(void)close(before);
	ok((status != -1 || waitpid(pid, &status, 0) == pid) && status == 0,
	   "and finds that the name is in use");
	ok(is_there("x"), "by a new one, which stays");
	(void)close(now);
}

int main(void)
{
	struct error error = { 0 };

	ok(mkdtemp(root) != NULL && store_open(&store, root, true, &error) == 0, "a store");
	finds();
	waits();
	store_close(&store);
	is_int(store_remove_tree(AT_FDCWD, root), 0, "all is removed");
	return tap_done();
}

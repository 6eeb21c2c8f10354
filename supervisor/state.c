/* SPDX-License-Identifier: MIT */
/*
 * See state.h. Files are only made by state_take() and only removed under an exclusive lock or by
 * their live owner, so whoever holds the lock of a file that still has its name knows that nobody
 * else has anything to do with it.
 */
#include "state.h"

#include "../init/lib/fd.h"
#include "container.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define LIVE_MAX   64
#define RECORD_MAX 4096
#define PATIENCE_MS \
 10000 /* for another sv that is busy with a dead one's leftovers: killing may take seconds */
#define STEP_MS 2
/* A child of a killed sv has a copy of the locked descriptor until it executes init: so long, a name
 * may look used that isn't. */
#define IN_USE_MS 200

static const char *state_path(const struct state *state)
{
	return state->directory != NULL ? state->directory : STATE_DIRECTORY;
}

/* --- the directory ---------------------------------------------------------------------------- */

static int directory_open(const char *path)
{
	return sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* Makes it too, where it is missing (*is_new). -ENOENT: another sv has removed it in between. */
static int directory_make(const char *path, bool *is_new)
{
	int rc = sys_mkdirat(AT_FDCWD, path, 0700);
	FD int fd = rc < 0 && rc != -EEXIST ? rc : directory_open(path);
	struct stat status;

	*is_new = rc == 0;
	if (fd < 0)
		return fd;
	rc = *is_new ? 0 : sys_fstat(fd, &status);
	if (rc < 0)
		return rc;
	/* what is recorded there gets killed and removed: nobody else may write it */
	if (!*is_new &&
	    ((status.st_uid != 0 && status.st_uid != geteuid()) || (status.st_mode & 022) != 0))
		return -EPERM;
	return fd_take(&fd);
}

/* Is the open file the one of that name? */
static bool is_named(int directory, const char *name, int fd)
{
	struct stat open, named;

	return sys_fstat(fd, &open) == 0 &&
	       sys_fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       open.st_dev == named.st_dev && open.st_ino == named.st_ino && S_ISREG(open.st_mode);
}

/* --- records ---------------------------------------------------------------------------------- */

/* What follows "KEY " in the record's line of that key; false where there is none that fits. */
static bool record_find(const char *text, const char *key, char *value, size_t size)
{
	size_t before = strlen(key);

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (length < size && length > before && strncmp(text, key, before) == 0 &&
		    text[before] == ' ') {
			(void)snprintf(value, size, "%.*s", (int)(length - before - 1),
				       text + before + 1);
			return true;
		}
		text += length + (text[length] == '\n' ? 1 : 0);
	}
	return false;
}

/* The path of the record's cgroup line, or false where it has none that may be used: the file is
 * only a file, and what it names is killed and removed. */
static bool record_cgroup(const char *text, const char *name, char path[CGROUP_PATH_MAX])
{
	return record_find(text, "cgroup", path, CGROUP_PATH_MAX) && cgroup_path_valid(path, name);
}

/* Removes what a dead supervisor's record names. */
static int record_clean(int fd, const char *name, struct error *error)
{
	char text[RECORD_MAX], path[CGROUP_PATH_MAX], store[STORE_PATH_MAX];
	struct cgroup_host host;
	ssize_t length = sys_read(fd, text, sizeof(text) - 1);
	int rc;

	if (length < 0)
		return error_set(error, (int)length, "cannot read the record of container '%s'",
				 name);
	text[length] = '\0';
	if (record_find(text, "store", store, sizeof(store)))
		container_collect_one(store, name);
	if (!record_cgroup(text, name, path))
		return 0;
	rc = cgroup_host_read(&host, CGROUP_EVERYTHING, error);
	if (rc ==
	    0) /* one that sees no cgroups can't tell what is left: the record stays for one that does */
		rc = host.count == 0 ? -ENODEV : cgroup_remove_recorded(&host, path);
	return rc < 0 ? error_set(error, rc, "cannot remove cgroup '%s', left by a killed sv", path)
		      : 0;
}

/* --- taking ----------------------------------------------------------------------------------- */

enum {
	TAKE_AGAIN = 1,
	TAKE_IN_USE,
};

/* The exclusive lock; or, after a moment, TAKE_AGAIN when its holder is soon done, TAKE_IN_USE when it
 * seems to live; or an error. */
static int lock_exclusive(int fd, const char *name, struct error *error)
{
	int rc = sys_flock(fd, LOCK_EX | LOCK_NB);

	if (rc == 0)
		return 0;
	if (rc == -EWOULDBLOCK)
		rc = sys_flock(fd, LOCK_SH | LOCK_NB);
	if (rc < 0 && rc != -EWOULDBLOCK)
		return error_set(error, rc, "cannot lock the record of container '%s'", name);
	if (rc == 0)
		(void)sys_flock(fd, LOCK_UN);
	(void)sys_poll(NULL, 0, STEP_MS);
	return rc == 0 ? TAKE_IN_USE : TAKE_AGAIN;
}

/* A file that was there: a live one's name, or a dead one's, whose leftovers go first. */
static int take_old(int directory, int fd, const char *name, struct error *error)
{
	int rc = lock_exclusive(fd, name, error);

	if (rc != 0)
		return rc;
	if (!is_named(directory, name, fd))
		return TAKE_AGAIN;
	rc = record_clean(fd, name, error);
	if (rc == 0)
		rc = sys_ftruncate(fd, 0);
	if (rc < 0)
		return error_set(error, rc, "cannot write the record of container '%s'", name);
	/* flock(2) changes a lock by giving it up first: another may have come in between, and
	 * removed the file */
	return sys_flock(fd, LOCK_SH | LOCK_NB) < 0 || !is_named(directory, name, fd) ? TAKE_AGAIN
										      : 0;
}

/*
 * One that was just made is empty. Until it is locked another sv may take it for a dead one's, and remove or take it: exclusive
 * first, since a lock that is shared from the start may be shared with that.
 */
static int take_new(int fd)
{
	struct stat status;

	if (sys_flock(fd, LOCK_EX | LOCK_NB) < 0 || sys_flock(fd, LOCK_SH | LOCK_NB) < 0 ||
	    sys_fstat(fd, &status) < 0)
		return TAKE_AGAIN;
	return status.st_nlink > 0 ? 0 : TAKE_AGAIN;
}

static int fail_take(const char *path, const char *name, bool has_directory, int number,
		     struct error *error)
{
	if (!has_directory)
		return error_hint(
			error, error_set(error, number, "cannot use '%s'", path), "%s",
			number == -EPERM
				? "it must be a folder of this user's own that nobody else can write to"
				: "");
	(void)sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR); /* it may be of our making */
	return error_set(error, number, "cannot make '%s/%s'", path, name);
}

/* One try: 0, TAKE_AGAIN, TAKE_IN_USE, or an error. */
static int take(struct state *state, const char *name, struct error *error)
{
	int flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
	const char *path = state_path(state);
	FD int directory = directory_make(path, &state->is_first);
	FD int fd = directory < 0 ? directory : sys_openat(directory, name, flags | O_EXCL, 0600);
	bool is_new = fd >= 0;
	int rc;

	if (fd == -EEXIST)
		fd = sys_openat(directory, name, flags, 0600);
	if (fd == -ENOENT)
		return TAKE_AGAIN;
	if (fd < 0)
		return fail_take(path, name, directory >= 0, fd, error);
	rc = is_new ? take_new(fd) : take_old(directory, fd, name, error);
	if (rc != 0)
		return rc;
	state->fd = fd_take(&fd);
	state->folder = fd_take(&directory);
	(void)snprintf(state->name, sizeof(state->name), "%s", name);
	return 0;
}

int state_take(struct state *state, const char *name, struct error *error)
{
	int64_t start, now;
	int rc;

	state->fd = -1;
	state->name[0] = '\0';
	rc = take(state, name, error);
	if (rc <= 0)
		start = now = 0;
	else
		start = now = sys_now_ms();
	while ((rc == TAKE_AGAIN && now < start + PATIENCE_MS) ||
	       (rc == TAKE_IN_USE && now < start + IN_USE_MS)) {
		rc = take(state, name, error);
		now = sys_now_ms();
	}
	if (rc == TAKE_IN_USE)
		return error_set(error, 0, "name '%s' is in use", name);
	if (rc == TAKE_AGAIN)
		return error_set(error, -EBUSY, "cannot take the name '%s': others keep at it",
				 name);
	if (rc == -EROFS || rc == -EACCES)
		return error_hint(
			error, rc,
			"sv has to be root and needs a writable /run: mount a tmpfs there");
	return rc;
}

static int record(const struct state *state, const char *key, const char *value,
		  struct error *error)
{
	char text[RECORD_MAX];
	int length = snprintf(text, sizeof(text), "%s %s\n", key, value);
	ssize_t written;

	/* in one write: who reads it after a crash sees all of the line or nothing */
	written = sys_write(state->fd, text, (size_t)length);
	if (written == length)
		return 0;
	return error_set(error, written < 0 ? (int)written : -ENOSPC, "cannot write '%s/%s'",
			 state_path(state), state->name);
}

int state_record(struct state *state, const char *cgroup_path, struct error *error)
{
	return record(state, "cgroup", cgroup_path, error);
}

int state_record_store(struct state *state, const char *store, struct error *error)
{
	/* One that can't be found again from elsewhere is left to who uses the store. */
	return store[0] == '/' && strchr(store, '\n') == NULL ? record(state, "store", store, error)
							      : 0;
}

/* While it is locked nobody else removes it: it has its name. */
void state_drop(struct state *state)
{
	if (state->fd < 0)
		return;
	(void)sys_unlinkat(state->folder, state->name, 0);
	state_keep(state);
	/* fails while others are there, as it should */
	(void)sys_unlinkat(AT_FDCWD, state_path(state), AT_REMOVEDIR);
}

void state_keep(struct state *state)
{
	if (state->fd >= 0)
		fd_close(&state->folder);
	fd_close(&state->fd);
}

/* --- collecting ------------------------------------------------------------------------------- */

/* True when the file was a dead one's and is gone now. A live one, or one whose leftovers resist,
 * stays. */
static bool collect(int directory, const char *name)
{
	FD int fd = sys_openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	struct error ignored = { 0 };

	return fd >= 0 && sys_flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(directory, name, fd) &&
	       record_clean(fd, name, &ignored) == 0 && sys_unlinkat(directory, name, 0) == 0;
}

/*
 * Beside many that live, an eighth of the starts looks at all of them: a start must not cost more with every container. Which, the
 * pid decides, by its hash: pids come in steps, and names may all end alike.
 */
static bool is_thorough(const struct state *state)
{
	return state->fd < 0 || (uint32_t)getpid() * 2654435761U >> 29 == 0;
}

int state_collect(const struct state *state, bool *has_networks)
{
	_Alignas(struct sys_dirent64) char buffer[4096];
	bool is_taken = state->fd >= 0;
	FD int directory =
		is_taken && state->is_first ? -ENOENT : directory_open(state_path(state));
	long length = 0;
	int count = 0, live = 0;

	*has_networks = false;
	if (directory < 0)
		return directory == -ENOENT ? 0 : directory;
	while ((live < LIVE_MAX || is_thorough(state)) &&
	       (length = sys_getdents64(directory, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);

			if (entry->type == DT_REG && entry->name[0] != '.' &&
			    !(is_taken && strcmp(entry->name, state->name) == 0)) {
				if (collect(directory, entry->name))
					count++;
				else
					live++;
			}
			*has_networks |= strcmp(entry->name, STATE_NETWORKS) == 0;
			at += entry->length;
		}
	}
	if (count > 0)
		(void)sys_unlinkat(AT_FDCWD, state_path(state), AT_REMOVEDIR);
	return length < 0 ? (int)length : count;
}

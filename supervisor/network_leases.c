/* SPDX-License-Identifier: MIT */
/*
 * See network.h and network_internal.h. All changes are made under the lock of the one folder, so files can't come and go
 * but by the hand of who holds it; only the locks of the files go by themselves, when an sv dies.
 */
#include "network_internal.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"
#include "names.h"
#include "part.h"
#include "state.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define FOLDER      STATE_NETWORKS
#define TRIES_MAX   65536 /* addresses that are looked at: a bridge has no more than 1,023 ports */
#define IN_USE_MS   200   /* see state.c: so long a killed sv's child may hold its locks */
#define FOLDER_NAME 48    /* "4026531840.bridge" */

/* --- the folder of all ----------------------------------------------------------------------------------------------- */

static void folder_path(const struct network *network, char path[300])
{
	(void)snprintf(path, 300, "%s/" FOLDER,
		       network->state_directory != NULL ? network->state_directory
							: STATE_DIRECTORY);
}

static bool is_same_folder(const char *path, int fd)
{
	struct stat open, named;

	return sys_fstat(fd, &open) == 0 &&
	       sys_fstatat(AT_FDCWD, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

/* Opened, and made where `make` says so; locked, and still the one of that name. */
static int folder_open(const struct network *network, bool make, int operation)
{
	char path[300];

	folder_path(network, path);
	for (int tries = 0; tries < 1000; tries++) {
		int result = make ? sys_mkdirat(AT_FDCWD, path, 0700) : 0;
		FD int fd = -1;

		if (result < 0 && result != -EEXIST)
			return result;
		fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		if (fd == -ENOENT && make)
			continue; /* removed in between by another sv's end */
		if (fd < 0)
			return fd;
		result = sys_flock(fd, operation);
		if (result < 0)
			return result;
		if (is_same_folder(path, fd))
			return fd_take(&fd);
		if (!make)
			return -ENOENT;
	}
	return -EBUSY;
}

int network_lock(struct network *network, struct error *error)
{
	if (network->folder >= 0)
		return 0;
	network->folder = folder_open(network, true, LOCK_EX);
	return network->folder < 0
		       ? error_set(error, network->folder,
				   "cannot lock the folder of networks, '%s/" FOLDER "'",
				   network->state_directory != NULL ? network->state_directory
								    : STATE_DIRECTORY)
		       : 0;
}

/* The last one to leave removes the folder: with others' in it that fails, as it should. */
void network_unlock(struct network *network)
{
	char path[300];

	folder_path(network, path);
	if (network->folder >= 0)
		(void)sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
	fd_close(&network->folder);
}

static int lock_existing(struct network *network, int operation)
{
	network->folder = folder_open(network, false, operation);
	return network->folder < 0 ? network->folder : 0;
}

int network_lock_existing(struct network *network)
{
	return lock_existing(network, LOCK_EX | LOCK_NB);
}

int network_wait_existing(struct network *network)
{
	return lock_existing(network, LOCK_EX);
}

/* --- the folder of one ----------------------------------------------------------------------------------------------- */

/* A bridge is one of its network namespace: "4026531840.". Empty where /proc doesn't say. */
static void namespace_prefix(char prefix[24])
{
	struct stat status;

	prefix[0] = '\0';
	if (sys_fstatat(AT_FDCWD, "/proc/self/ns/net", &status, 0) == 0)
		(void)snprintf(prefix, 24, "%llu.", (unsigned long long)status.st_ino);
}

static void leases_name(const struct network *network, char name[FOLDER_NAME])
{
	char prefix[24];

	namespace_prefix(prefix);
	(void)snprintf(name, FOLDER_NAME, "%s%s", prefix, network->bridge);
}

int leases_open(struct network *network, struct error *error)
{
	char name[FOLDER_NAME];
	int result;

	leases_name(network, name);
	result = sys_mkdirat(network->folder, name, 0700);
	if (result == 0 || result == -EEXIST)
		network->leases = sys_openat(network->folder, name,
					     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	else
		network->leases = result;
	return network->leases < 0 ? error_set(error, network->leases,
					       "cannot make the folder of the addresses on '%s'",
					       network->bridge)
				   : 0;
}

/* --- records --------------------------------------------------------------------------------------------------------- */

int network_record(struct network *network, struct error *error, const char *format, ...)
{
	size_t used = strlen(network->record), room = sizeof(network->record) - used;
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(network->record + used, room, format, list);
	va_end(list);
	if (length >= 0 && (size_t)length + 1 < room) {
		network->record[used + (size_t)length] = '\n';
		network->record[used + (size_t)length + 1] = '\0';
		return 0;
	}
	network->record[used] = '\0';
	return error_set(error, -ENOSPC, "the network of container '%s' has too much to record",
			 network->container);
}

static void copy_part(char *text, size_t size, struct part part)
{
	(void)snprintf(text, size, "%.*s", (int)part.length, part.text);
}

bool lease_parse(const char *record, struct network_lease *lease)
{
	struct part rest = part_of(record), line, key;

	*lease = (struct network_lease){ .record = record };
	while (part_next(&rest, '\n', &line)) {
		if (!part_next(&line, ' ', &key) || line.text == NULL)
			continue;
		if (part_is(key, "container") && line.length < sizeof(lease->container))
			copy_part(lease->container, sizeof(lease->container), line);
		else if (part_is(key, "link") && line.length < sizeof(lease->outer))
			copy_part(lease->outer, sizeof(lease->outer), line);
		else if (part_is(key, "address"))
			(void)cidr_parse_address(line.text, line.length, &lease->address);
		else if (part_is(key, "address6"))
			(void)cidr_parse_address(line.text, line.length, &lease->address6);
	}
	return lease->container[0] != '\0' &&
	       (lease->address.family == 0 || lease->address.family == AF_INET) &&
	       (lease->address6.family == 0 || lease->address6.family == AF_INET6);
}

static bool read_record(int fd, char record[NETWORK_RECORD_MAX])
{
	ssize_t length = sys_pread(fd, record, NETWORK_RECORD_MAX - 1, 0);

	record[length < 0 ? 0 : length] = '\0';
	return length > 0;
}

/*
 * A dead container's link goes with its network namespace, but when, only the kernel knows. It is removed by its name only
 * where it says itself whose it is: a record is only a file.
 */
static void forget(struct network *network, int fd)
{
	char record[NETWORK_RECORD_MAX];
	struct network_lease lease;
	struct link_info link;

	if (!read_record(fd, record) || !lease_parse(record, &lease))
		return;
	if (lease.outer[0] != '\0' && network->route.fd >= 0 &&
	    links_find(&network->route, lease.outer, 0, &link) == 0 &&
	    strcmp(link.kind, "veth") == 0 && strcmp(link.alias, lease.container) == 0)
		(void)links_delete(&network->route, link.index);
}

/* --- taking ---------------------------------------------------------------------------------------------------------- */

/* The file of an address, locked; -EWOULDBLOCK where somebody alive has it, whose name is then in `holder`. */
static int take_file(struct network *network, const struct cidr *address, int patience,
		     char holder[SPEC_NAME_MAX + 1])
{
	char name[CIDR_TEXT_MAX], record[NETWORK_RECORD_MAX];
	struct network_lease lease;
	FD int fd = sys_openat(network->leases, cidr_print_address(address, name),
			       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = fd < 0 ? fd : sys_flock(fd, LOCK_EX | LOCK_NB);

	for (int waited = 0; result == -EWOULDBLOCK && waited < patience; waited++) {
		(void)sys_poll(NULL, 0, 1);
		result = sys_flock(fd, LOCK_EX | LOCK_NB);
	}
	holder[0] = '\0';
	if (result == -EWOULDBLOCK && read_record(fd, record) && lease_parse(record, &lease))
		(void)snprintf(holder, SPEC_NAME_MAX + 1, "%s", lease.container);
	if (result < 0)
		return result;
	forget(network, fd);
	result = sys_ftruncate(fd, 0);
	return result < 0 ? result : fd_take(&fd);
}

static bool is_taken(const struct lease_request *request, const struct cidr *address)
{
	return cidr_same_address(address, request->subnet) ||
	       (request->gateway != NULL && request->gateway->family != 0 &&
		cidr_same_address(address, request->gateway));
}

static int take_wanted(struct network *network, const struct lease_request *request,
		       struct cidr *address, struct error *error)
{
	char text[CIDR_TEXT_MAX], subnet[CIDR_TEXT_MAX], holder[SPEC_NAME_MAX + 1];
	const char *option = request->wanted->family == AF_INET ? "--ip" : "--ip6";
	int fd;

	(void)cidr_print_address(request->wanted, text);
	if (!cidr_is_host(request->subnet, request->wanted))
		return error_set(error, 0,
				 "%s: '%s' is no address for a host of %s, which '%s' has", option,
				 text, cidr_print(request->subnet, subnet), network->bridge);
	if (is_taken(request, request->wanted))
		return error_set(error, 0, "%s: '%s' is the address of '%s' itself", option, text,
				 network->bridge);
	fd = take_file(network, request->wanted, IN_USE_MS, holder);
	if (fd == -EWOULDBLOCK)
		return error_set(error, 0, "%s: '%s' is in use by container '%s'", option, text,
				 holder);
	if (fd < 0)
		return error_set(error, fd, "cannot lease address '%s'", text);
	*address = *request->wanted;
	address->prefix = request->subnet->prefix;
	return fd;
}

static int take_any(struct network *network, const struct lease_request *request,
		    struct cidr *address, struct error *error)
{
	uint32_t hosts = cidr_hosts(request->subnet);
	uint32_t tries = hosts < TRIES_MAX ? hosts : TRIES_MAX;
	char text[CIDR_TEXT_MAX], holder[SPEC_NAME_MAX + 1];

	for (uint32_t i = 0; i < tries; i++) {
		uint32_t step = (request->from - 1 + i) % hosts;
		struct cidr next =
			cidr_host(request->subnet, (request->down ? hosts - 1 - step : step) + 1);
		int fd = is_taken(request, &next) ? -EWOULDBLOCK
						  : take_file(network, &next, 0, holder);

		if (fd == -EWOULDBLOCK)
			continue;
		if (fd < 0)
			return error_set(error, fd, "cannot lease address '%s'",
					 cidr_print_address(&next, text));
		*address = next;
		return fd;
	}
	return error_hint(
		error,
		error_set(error, 0, "no address of %s is free on '%s'",
			  cidr_print(request->subnet, text), network->bridge),
		"'sv net ls' says who has them; another bridge has more: --net bridge:NAME "
		"--bridge-addr CIDR");
}

int leases_take(struct network *network, const struct lease_request *request, struct cidr *address,
		struct error *error)
{
	return request->wanted->family != 0 ? take_wanted(network, request, address, error)
					    : take_any(network, request, address, error);
}

static int write_record(int fd, const char *record)
{
	ssize_t length = (ssize_t)strlen(record);
	ssize_t written = sys_write(fd, record, (size_t)length);

	return written == length ? 0 : written < 0 ? (int)written : -ENOSPC;
}

/* The second file says only whose it is: a container is found once. */
int leases_write(struct network *network, struct error *error)
{
	char second[SPEC_NAME_MAX + 16];
	int result = write_record(network->lease, network->record);

	(void)snprintf(second, sizeof(second), "container %s\n", network->container);
	if (result == 0 && network->lease6 >= 0)
		result = write_record(network->lease6, second);
	return result < 0 ? error_set(error, result, "cannot record the addresses of '%s'",
				      network->container)
			  : 0;
}

static void give_back(const struct network *network, int *lease, const struct cidr *address)
{
	char name[CIDR_TEXT_MAX];

	if (*lease >= 0)
		(void)sys_unlinkat(network->leases, cidr_print_address(address, name), 0);
	fd_close(lease);
}

void leases_give_back(struct network *network)
{
	give_back(network, &network->lease, &network->address);
	give_back(network, &network->lease6, &network->address6);
}

/* --- walking --------------------------------------------------------------------------------------------------------- */

/* Calls back with each name in a directory that doesn't begin with a dot. What is made or removed meanwhile may be missed. */
typedef int entry_callback(const char *name, void *data);

static int each_entry(int directory, entry_callback *callback, void *data)
{
	_Alignas(struct sys_dirent64) char buffer[4096];
	FD int fd = sys_openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	int result = fd < 0 ? fd : 0;
	long length = 0;

	while (result == 0 && (length = sys_getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; result == 0 && at < length;) {
			const struct sys_dirent64 *entry = (const void *)(buffer + at);

			if (entry->name[0] != '.')
				result = callback(entry->name, data);
			at += entry->length;
		}
	}
	return result != 0 ? result : length < 0 ? (int)length : 0;
}

struct prune {
	struct network *network;
	bool all;
	unsigned alive;
};

/* A dead one's file goes. The first live one ends the walk, where that is all that was to be known. */
static int prune_file(const char *name, void *data)
{
	struct prune *prune = data;
	struct network *network = prune->network;
	FD int fd =
		sys_openat(network->leases, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (sys_flock(fd, LOCK_EX | LOCK_NB) < 0) {
		prune->alive++;
		return prune->all ? 0 : 1;
	}
	forget(network, fd);
	(void)sys_unlinkat(network->leases, name, 0);
	return 0;
}

/* Until nothing is found any more: getdents may miss what moves while files are removed. */
bool leases_prune(struct network *network, bool all)
{
	struct prune prune = { .network = network, .all = all };
	char name[FOLDER_NAME];
	bool is_empty = false;

	leases_name(network, name);
	for (int tries = 0; !is_empty && prune.alive == 0 && tries < 100; tries++) {
		(void)each_entry(network->leases, prune_file, &prune);
		if (prune.alive == 0) {
			(void)sys_unlinkat(network->leases, NETWORK_NAMES, 0);
			(void)sys_unlinkat(network->leases, NETWORK_BELL, 0);
		}
		is_empty =
			prune.alive == 0 && sys_unlinkat(network->folder, name, AT_REMOVEDIR) == 0;
	}
	return is_empty;
}

struct lease_walk {
	const struct network *network;
	network_lease_callback *callback;
	void *data;
};

static int visit_lease(const char *name, void *data)
{
	const struct lease_walk *walk = data;
	FD int fd = sys_openat(walk->network->leases, name,
			       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	char record[NETWORK_RECORD_MAX];
	struct network_lease lease;

	if (fd < 0 || !read_record(fd, record) || !lease_parse(record, &lease) ||
	    (lease.address.family == 0 && lease.address6.family == 0))
		return 0;
	if (walk->network->container != NULL &&
	    strcmp(lease.container, walk->network->container) == 0)
		return 0;
	lease.is_live = sys_flock(fd, LOCK_SH | LOCK_NB) < 0;
	return walk->callback(&lease, walk->data);
}

int network_each(const struct network *network, network_lease_callback *callback, void *data)
{
	struct lease_walk walk = { network, callback, data };

	return network->leases < 0 ? 0 : each_entry(network->leases, visit_lease, &walk);
}

struct bridge_walk {
	char prefix[24];
	leases_bridge_callback *callback;
	void *data;
};

static int visit_bridge(const char *name, void *data)
{
	const struct bridge_walk *walk = data;
	size_t length = strlen(walk->prefix);

	if (length == 0 || strncmp(name, walk->prefix, length) != 0 ||
	    strlen(name + length) >= NETWORK_LINK_MAX)
		return 0;
	return walk->callback(name + length, walk->data);
}

int leases_each_bridge(const struct network *network, leases_bridge_callback *callback, void *data)
{
	struct bridge_walk walk = { .callback = callback, .data = data };

	namespace_prefix(walk.prefix);
	return each_entry(network->folder, visit_bridge, &walk);
}

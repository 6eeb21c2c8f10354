/* SPDX-License-Identifier: MIT */
/*
 * Forwarding, for the links that need it and for no others; the switch of the whole machine is never touched. What is changed
 * is written down before, for every network of the namespace in one file, and put back when the last of them goes: by whoever
 * removes it, which may be another sv than the one that made it. Kernel: Documentation/networking/ip-sysctl.rst.
 *
 * IPv4 asks the link that a packet came in by (conf.LINK.forwarding). IPv6 asks the machine, and since Linux 6.17 also the
 * link (conf.LINK.force_forwarding); its conf.LINK.forwarding only says whether the link is a router's, which doesn't listen
 * to other routers any more: accept_ra=2 does nevertheless.
 */
#include "network_internal.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"
#include "arena.h"
#include "file.h"
#include "nft.h"
#include "part.h"

#include <stdio.h>
#include <string.h>

#define RECORD_MAX 65536

/* --- switches -------------------------------------------------------------------------------------------------------- */

static int open_switch(const char *key, int flags)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s", key);
	return sys_openat(AT_FDCWD, path, flags | O_CLOEXEC, 0);
}

/* A small number, or -errno. */
static int read_switch(const char *key)
{
	FD int fd = open_switch(key, O_RDONLY);
	char text[16];
	ssize_t length = fd < 0 ? fd : sys_read(fd, text, sizeof(text));
	uint64_t value;

	if (length <= 0)
		return length < 0 ? (int)length : -EIO;
	return number_parse_u64(text, (size_t)length - 1, 1000, &value) < 0 ? -EIO : (int)value;
}

static int write_switch(const char *key, int value)
{
	FD int fd = open_switch(key, O_WRONLY);
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", value);
	ssize_t written = fd < 0 ? fd : sys_write(fd, text, (size_t)length);

	return written < 0 ? (int)written : 0;
}

static void key_of(char key[96], int family, const char *link, const char *name)
{
	(void)snprintf(key, 96, "ipv%d/conf/%s/%s", family == AF_INET ? 4 : 6, link, name);
}

static int read_all(int family)
{
	char key[96];

	key_of(key, family, "all", "forwarding");
	return read_switch(key);
}

/* --- the record ------------------------------------------------------------------------------------------------------ */

/* Of the network namespace; begins with a dot, so it is no bridge's folder. */
static void record_name(char name[32])
{
	struct stat status = { 0 };

	(void)sys_fstatat(AT_FDCWD, "/proc/self/ns/net", &status, 0);
	(void)snprintf(name, 32, ".%llu", (unsigned long long)status.st_ino);
}

bool forward_parse(const char *line, size_t length, struct forward_line *row)
{
	struct part rest = { line, length }, word[4];
	uint64_t number[3];

	for (int i = 0; i < 4; i++)
		if (!part_next(&rest, ' ', &word[i]))
			return false;
	if (rest.text != NULL || word[0].length == 0 || word[0].length >= sizeof(row->key) ||
	    memmem(word[0].text, word[0].length, "..", 2) != NULL ||
	    memchr(word[0].text, '\0', word[0].length) != NULL)
		return false;
	for (int i = 0; i < 3; i++)
		if (number_parse_u64(word[i + 1].text, word[i + 1].length, 1000, &number[i]) < 0)
			return false;
	memcpy(row->key, word[0].text, word[0].length);
	row->key[word[0].length] = '\0';
	row->before = (int)number[0];
	row->after = (int)number[1];
	row->all = (int)number[2];
	return true;
}

/* What is to be turned is written down before: a killed sv leaves nothing that isn't known. 0 or -errno. */
static int note(const struct network *network, int family, const char *key, int before, int after)
{
	char name[32], line[128];
	FD int fd = -1;
	ssize_t result;
	int length =
		snprintf(line, sizeof(line), "%s %d %d %d\n", key, before, after, read_all(family));

	record_name(name);
	fd = sys_openat(network->folder, name,
			O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	result = fd < 0 ? fd : sys_write(fd, line, (size_t)length);
	return result < 0 ? (int)result : 0;
}

/* Only what is as it was left: where somebody has changed it since, or switched the whole machine, it is theirs. */
static void put_back(const struct forward_line *row)
{
	int family = strncmp(row->key, "ipv4/", 5) == 0 ? AF_INET : AF_INET6;

	if (read_switch(row->key) == row->after && read_all(family) == row->all)
		(void)write_switch(row->key, row->before);
}

/* The last change is undone first. */
static void put_back_all(char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		struct forward_line row;
		char *line;

		text[length - (text[length - 1] == '\n')] = '\0';
		line = strrchr(text, '\n');
		line = line == NULL ? text : line + 1;
		if (forward_parse(line, strlen(line), &row))
			put_back(&row);
		length = (size_t)(line - text);
	}
}

/* Its name, and its text: NULL where it can't be read. 0, or -errno where there is none. */
static int read_record(const struct network *network, char name[32], struct arena *arena,
		       char **text)
{
	FD int fd = -1;

	record_name(name);
	fd = sys_openat(network->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	*text = NULL;
	if (fd >= 0 && file_read(arena, fd, RECORD_MAX, text) < 0)
		*text = NULL;
	return fd < 0 ? fd : 0;
}

void forward_restore(struct network *network)
{
	struct arena arena = { .blocks = NULL };
	char name[32], *text;

	if (read_record(network, name, &arena, &text) < 0)
		return;
	if (text != NULL)
		put_back_all(text);
	arena_free(&arena);
	(void)nft_drop_bridge("");
	(void)sys_unlinkat(network->folder, name, 0);
}

int forward_each(const struct network *network, forward_callback *callback, void *data)
{
	static const char before[] = "ipvN/conf/";
	struct arena arena = { .blocks = NULL };
	char name[32], *text;
	struct part rest, line;
	int result = 0;

	(void)read_record(network, name, &arena, &text);
	rest = (struct part){ text, text == NULL ? 0 : strlen(text) };
	while (result == 0 && part_next(&rest, '\n', &line)) {
		struct forward_line row;
		char *end;

		if (!forward_parse(line.text, line.length, &row))
			continue;
		end = strrchr(row.key, '/');
		if (end == NULL || end - row.key < (long)sizeof(before) ||
		    strstr(end, "forwarding") == NULL)
			continue;
		*end = '\0';
		result = callback(row.key[3] == '4' ? AF_INET : AF_INET6,
				  row.key + sizeof(before) - 1, data);
	}
	arena_free(&arena);
	return result;
}

/* --- routers that nobody asked for ------------------------------------------------------------------------------- */

int forward_ignore_routers(const char *link, struct error *error)
{
	char key[96];
	int result;

	key_of(key, AF_INET6, link, "accept_ra");
	result = write_switch(key, 0);
	if (result >= 0 || result == -ENOENT) /* without IPv6 there are none */
		return 0;
	return error_hint(error,
			  error_set(error, result, "cannot set accept_ra of link '%s' to 0", link),
			  "/proc/sys has to be writable");
}

/* --- switching on ---------------------------------------------------------------------------------------------------- */

/* 1 where the link passes packets on now, 0 where the kernel has no such switch. */
static int turn_on(const struct network *network, int family, const char *link, const char *name,
		   struct error *error)
{
	char key[96];
	int result;

	key_of(key, family, link, name);
	result = read_switch(key);
	if (result == -ENOENT)
		return 0;
	if (result == 0) {
		result = note(network, family, key, 0, 1);
		/* what the record says of an uplink is a rule, before packets pass */
		if (result == 0 && strcmp(link, network->bridge) != 0)
			result = nft_set_bridge(network, error);
		if (result == 0)
			result = write_switch(key, 1);
	}
	if (result >= 0)
		return 1;
	return error_hint(
		error, error_set(error, result, "cannot switch forwarding on for link '%s'", link),
		"/proc/sys has to be writable, or net.%s set to 1 beforehand", key);
}

static int forward_ipv4(const struct network *network, struct error *error)
{
	if (turn_on(network, AF_INET, network->bridge, "forwarding", error) < 0)
		return -1;
	return network->uplink[0] == '\0'
		       ? 0
		       : turn_on(network, AF_INET, network->uplink, "forwarding", error);
}

/* A router's link that is to learn its own routes from others: it would lose them when they run out. */
static int keep_learning(const struct network *network, struct error *error)
{
	char accept[96], forwarding[96];
	int result;

	key_of(accept, AF_INET6, network->uplink6, "accept_ra");
	key_of(forwarding, AF_INET6, network->uplink6, "forwarding");
	if (read_switch(accept) != 1 || read_switch(forwarding) != 1)
		return 0;
	result = note(network, AF_INET6, accept, 1, 2);
	if (result == 0)
		result = write_switch(accept, 2);
	if (result < 0)
		return error_set(error, result, "cannot set accept_ra of link '%s' to 2",
				 network->uplink6);
	error_say("accept_ra of link '%s' is 2 now (was 1): it forwards IPv6, and with 1 it would "
		  "lose the routes that it has from its router",
		  network->uplink6);
	return 0;
}

static int forward_ipv6(const struct network *network, struct error *error)
{
	int result;

	if (network->uplink6[0] == '\0')
		return 0;
	if (read_all(AF_INET6) == 1)
		return keep_learning(network, error);
	result = turn_on(network, AF_INET6, network->bridge, "force_forwarding", error);
	if (result > 0)
		result = turn_on(network, AF_INET6, network->uplink6, "force_forwarding", error);
	if (result == 0)
		error_say(
			"IPv6 of the containers ends at this machine: before Linux 6.17 it forwards "
			"for all links or none; hint: sysctl -w net.ipv6.conf.%s.accept_ra=2 "
			"net.ipv6.conf.all.forwarding=1",
			network->uplink6);
	return result < 0 ? -1 : 0;
}

int forward_on(struct network *network, struct error *error)
{
	if (forward_ipv4(network, error) < 0)
		return -1;
	return network->gateway6.family == 0 ? 0 : forward_ipv6(network, error);
}

/* SPDX-License-Identifier: MIT */
/* See names.h. */
#include "names.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define NAME_LINE_MAX (CIDR_TEXT_MAX + SPEC_NAME_MAX + 2)
#define TEXT_MAX      (2048U * NAME_LINE_MAX) /* more than a bridge has ports, with two addresses each */

struct list {
	char *text;
	size_t used;
};

static void add_line(struct list *list, const struct cidr *address, const char *name)
{
	char text[CIDR_TEXT_MAX];

	if (address->family == 0 || TEXT_MAX - list->used < NAME_LINE_MAX + 1)
		return;
	list->used += (size_t)snprintf(list->text + list->used, TEXT_MAX - list->used, "%s\t%s\n",
				       cidr_print_address(address, text), name);
}

static int add_lease(const struct network_lease *lease, void *data)
{
	struct list *list = data;

	if (lease->is_live) {
		add_line(list, &lease->address, lease->container);
		add_line(list, &lease->address6, lease->container);
	}
	return 0;
}

static int write_list(const struct network *network, const struct list *list)
{
	FD int fd = sys_openat(network->leases, NETWORK_NAMES,
			       O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = fd < 0 ? fd : file_write(fd, list->text, list->used);

	/* Whoever reads in between is told again by the bell. */
	return result < 0 ? result : sys_ftruncate(fd, (off_t)list->used);
}

static int open_bell(const struct network *network)
{
	return sys_openat(network->leases, NETWORK_BELL,
			  O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0);
}

/*
 * One byte lies in it. Each kernel tells all who wait when something comes into a pipe that was empty, and some then only; so
 * the one that is there goes first.
 */
static int ring(const struct network *network)
{
	int result = sys_mknodat(network->leases, NETWORK_BELL, S_IFIFO | 0600, 0);
	FD int bell = result < 0 && result != -EEXIST ? result : open_bell(network);
	char byte;

	if (bell < 0)
		return bell;
	(void)sys_read(bell, &byte, 1);
	result = (int)sys_write(bell, "", 1);
	return result < 0 ? result : 0;
}

int names_write(struct network *network, bool is_leaving, struct error *error)
{
	struct list list = { .text = malloc(TEXT_MAX) };
	int result;

	if (list.text == NULL)
		return error_set(error, -ENOMEM, "cannot list the names on '%s'", network->bridge);
	result = network_lock(network, error);
	if (result == 0) {
		if (!is_leaving) {
			add_line(&list, &network->address, network->container);
			add_line(&list, &network->address6, network->container);
		}
		result = network_each(network, add_lease, &list);
		if (result == 0)
			result = write_list(network, &list);
		if (result == 0)
			result = ring(network);
		if (result < 0)
			(void)error_set(error, result, "cannot list the names on '%s'",
					network->bridge);
		network_unlock(network);
	}
	free(list.text);
	return result;
}

int names_open(const struct network *network)
{
	return sys_openat(network->leases, NETWORK_NAMES, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
}

int names_watch(const struct network *network, int *bell)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	FD int watch = -1;
	int result = *bell = open_bell(network);

	if (result >= 0)
		result = watch = sys_epoll_create1(EPOLL_CLOEXEC);
	if (result >= 0)
		result = sys_epoll_ctl(watch, EPOLL_CTL_ADD, *bell, &event);
	return result < 0 ? result : fd_take(&watch);
}

void names_drain(int watch)
{
	struct epoll_event event;

	(void)sys_epoll_pwait(watch, &event, 1, 0);
}

size_t names_read(int names, const char *container, char *text, size_t size)
{
	struct arena arena = { .blocks = NULL };
	struct part rest = { NULL, 0 }, line, address;
	char *all = NULL;
	size_t used = 0;
	ssize_t length = -1;

	if (names >= 0 && sys_lseek(names, 0, SEEK_SET) == 0)
		length = file_read(&arena, names, TEXT_MAX, &all);
	if (length > 0)
		rest = (struct part){ all, (size_t)length };
	while (part_next(&rest, '\n', &line)) {
		struct part name = line;

		if (line.length == 0 || line.length + 2 > size - used ||
		    !part_next(&name, '\t', &address) || name.text == NULL ||
		    part_is(name, container))
			continue;
		memcpy(text + used, line.text, line.length);
		used += line.length;
		text[used++] = '\n';
	}
	arena_free(&arena);
	text[used] = '\0';
	return used;
}

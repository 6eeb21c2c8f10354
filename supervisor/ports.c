/* SPDX-License-Identifier: MIT */
/* See ports.h. */
#include "ports.h"

#include "../init/lib/fd.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A killed sv's relay is killed as well, but has the port for a moment more: see IN_USE_MS of state.c. */
#define IN_USE_MS 200
#define STEP_MS   5

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

static int fail(const struct spec_port *port, uint16_t number, int result, struct error *error)
{
	char address[CIDR_TEXT_MAX];
	const char *name = protocol_name(port->protocol);

	(void)error_set(error, result, "cannot publish port %u/%s%s%s", number, name,
			port->address.family != 0 ? " of " : "",
			port->address.family != 0 ? cidr_print_address(&port->address, address)
						  : "");
	if (result == -EADDRINUSE)
		return error_hint(error, result, "'ss -l%cnp sport = :%u' shows who has it",
				  name[0], number);
	if (result == -EADDRNOTAVAIL)
		return error_hint(error, result, "'ip address' lists this machine's addresses");
	if (result == -EACCES)
		return error_hint(
			error, result,
			"ports below sysctl net.ipv4.ip_unprivileged_port_start need root");
	if (result == -EMFILE)
		return error_hint(error, result, "raise the limit of open files: ulimit -n");
	return result;
}

static int set_option(int fd, int level, int option)
{
	const int on = 1;

	return sys_setsockopt(fd, level, option, &on, sizeof(on));
}

/* A listening socket is what keeps the next one from the port: bound ones that may reuse the address don't. */
static int bind_stream(int fd, const void *address, socklen_t length)
{
	int result = set_option(fd, SOL_SOCKET, SO_REUSEADDR);

	if (result == 0)
		result = sys_bind(fd, address, length);
	return result < 0 ? result : sys_listen(fd, SOMAXCONN);
}

/* Each datagram comes with the address that it was sent to. */
static int bind_datagram(int fd, const void *address, socklen_t length, bool is_v6)
{
	int result = is_v6 ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO)
			   : set_option(fd, IPPROTO_IP, IP_PKTINFO);

	return result < 0 ? result : sys_bind(fd, address, length);
}

static int open_listener(struct relay_listener *row, const struct cidr *address, uint16_t number)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(number) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(number) };
	bool is_v6 = row->family == AF_INET6;
	const void *where = is_v6 ? (const void *)&v6 : &v4;
	socklen_t length = is_v6 ? sizeof(v6) : sizeof(v4);
	FD int fd = sys_socket(
		row->family,
		(row->is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int result = fd < 0 ? fd : 0;

	if (address->family != 0)
		memcpy(is_v6 ? (void *)&v6.sin6_addr : &v4.sin_addr, address->bytes,
		       cidr_size(address));
	if (result == 0 && is_v6)
		result = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (result == 0)
		result = row->is_stream ? bind_stream(fd, where, length)
					: bind_datagram(fd, where, length, is_v6);
	if (result < 0)
		return result;
	row->fd = fd_take(&fd);
	return 0;
}

static int hold(struct ports *ports, const struct spec_port *port, uint16_t index,
		sa_family_t family)
{
	struct relay_listener *row = &ports->rows[ports->count];
	int result = -EADDRINUSE;

	*row = (struct relay_listener){ .fd = -1,
					.is_stream = port->protocol == IPPROTO_TCP,
					.port = (uint16_t)(port->inside + index),
					.family = family };
	for (int waited = 0; waited <= IN_USE_MS; waited += STEP_MS) {
		result = open_listener(row, &port->address, (uint16_t)(port->host + index));
		if (result != -EADDRINUSE)
			break;
		(void)sys_poll(NULL, 0, STEP_MS);
	}
	ports->count += result == 0;
	return result;
}

/* Without an address: of IPv4 and of IPv6, where the machine has that. */
static int hold_one(struct ports *ports, const struct spec_port *port, uint16_t index)
{
	int result;

	if (port->address.family != 0)
		return hold(ports, port, index, (sa_family_t)port->address.family);
	result = hold(ports, port, index, AF_INET);
	if (result < 0)
		return result;
	result = hold(ports, port, index, AF_INET6);
	return result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL ? 0 : result;
}

int ports_hold(struct ports *ports, const struct spec *spec, struct error *error)
{
	size_t count = 0;

	*ports = (struct ports){ 0 };
	for (size_t i = 0; i < spec->ports.count; i++)
		count += 2U * spec->ports.rows[i].count;
	if (count == 0)
		return 0;
	ports->rows = calloc(count, sizeof(*ports->rows));
	if (ports->rows == NULL)
		return error_set(error, -ENOMEM, "cannot publish ports");
	for (size_t i = 0; i < spec->ports.count; i++) {
		const struct spec_port *port = &spec->ports.rows[i];

		for (uint16_t index = 0; index < port->count; index++) {
			int result = hold_one(ports, port, index);

			if (result < 0)
				return fail(port, (uint16_t)(port->host + index), result, error);
		}
	}
	return 0;
}

int ports_relay(struct ports *ports, const struct relay_target *target, int namespace,
		struct error *error)
{
	if (ports->count == 0)
		return 0;
	ports->relay = relay_start(ports->rows, ports->count, target, namespace);
	return ports->relay < 0 ? error_set(error, ports->relay, "cannot start the relay of ports")
				: 0;
}

void ports_free(struct ports *ports)
{
	relay_stop(ports->relay);
	ports->relay = 0;
	for (size_t i = 0; i < ports->count; i++)
		fd_close(&ports->rows[i].fd);
	free(ports->rows);
	*ports = (struct ports){ 0 };
}

/* SPDX-License-Identifier: MIT */
/*
 * Talks over a network, for the tests:
 *
 *     talk serve tcp|udp ADDRESS PORT    says "ready", then answers each message with "ADDRESS-OF-THE-SENDER MESSAGE"
 *     talk ask tcp|udp ADDRESS PORT MESSAGE    prints the answer; 1 where none comes within five seconds, at once if refused
 *     talk ping ADDRESS                  an ICMP echo without CAP_NET_RAW (ping_group_range)
 */
#include "helper.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#define PATIENCE_MS 5000
#define MESSAGE_MAX 512

struct place {
	struct sockaddr_storage address;
	socklen_t size;
};

static struct place place_of(const char *address, const char *port)
{
	struct place place = { .size = sizeof(struct sockaddr_in) };
	struct sockaddr_in *four = (void *)&place.address;
	struct sockaddr_in6 *six = (void *)&place.address;
	uint16_t number = htons((uint16_t)number_or_die(port, 0, 65535));
	char plain[INET6_ADDRSTRLEN];

	if (strchr(address, ':') == NULL) {
		four->sin_family = AF_INET;
		four->sin_port = number;
		if (inet_pton(AF_INET, address, &four->sin_addr) == 1)
			return place;
	} else {
		place.size = sizeof(*six);
		six->sin6_family = AF_INET6;
		six->sin6_port = number;
		(void)snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(address, "%"), address);
		if (strchr(address, '%') != NULL)
			six->sin6_scope_id = if_nametoindex(strchr(address, '%') + 1);
		if (inet_pton(AF_INET6, plain, &six->sin6_addr) == 1)
			return place;
	}
	give_up(address, -EINVAL);
}

static void print_place(const struct place *place, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *four = (const void *)&place->address;
	const struct sockaddr_in6 *six = (const void *)&place->address;
	const void *bytes = place->address.ss_family == AF_INET ? (const void *)&four->sin_addr
								: (const void *)&six->sin6_addr;

	(void)inet_ntop(place->address.ss_family, bytes, text, INET6_ADDRSTRLEN);
}

static int open_socket(const struct place *place, int type, int protocol)
{
	return (int)check("socket", sys_result(socket(place->address.ss_family, type | SOCK_CLOEXEC,
						      protocol)));
}

static int type_of(const char *word)
{
	return strcmp(word, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
}

static size_t answer(const struct place *from, const char *message, size_t size,
		     char text[MESSAGE_MAX * 2])
{
	char sender[INET6_ADDRSTRLEN] = "";

	print_place(from, sender);
	return (size_t)snprintf(text, (size_t)MESSAGE_MAX * 2, "%s %.*s", sender, (int)size,
				message);
}

static void serve_once(int fd, int type)
{
	struct place from = { .size = sizeof(from.address) };
	struct sockaddr *address = (void *)&from.address;
	char message[MESSAGE_MAX], text[MESSAGE_MAX * 2];
	ssize_t got;
	int talk = fd;

	if (type == SOCK_DGRAM) {
		got = recvfrom(fd, message, sizeof(message), 0, address, &from.size);
		if (got >= 0)
			(void)sendto(fd, text, answer(&from, message, (size_t)got, text), 0,
				     address, from.size);
		return;
	}
	talk = (int)sys_result(accept4(fd, address, &from.size, SOCK_CLOEXEC));
	got = talk < 0 ? talk : sys_read(talk, message, sizeof(message));
	if (got >= 0)
		(void)sys_write(talk, text, answer(&from, message, (size_t)got, text));
	if (talk >= 0)
		(void)sys_close(talk);
}

static _Noreturn void serve(char **words)
{
	struct place place = place_of(words[1], words[2]);
	int type = type_of(words[0]), on = 1;
	int fd = open_socket(&place, type, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	check("bind", sys_result(bind(fd, (struct sockaddr *)&place.address, place.size)));
	if (type == SOCK_STREAM)
		check("listen", sys_result(listen(fd, 128)));
	say("ready\n");
	for (;;)
		serve_once(fd, type);
}

/* Sends until an answer is there: a datagram may get lost. */
static ssize_t ask_socket(int fd, int type, const void *message, size_t size, char *text,
			  size_t room)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int64_t end = sys_now_ms() + PATIENCE_MS;
	bool is_sent = false;

	while (sys_now_ms() < end) {
		if ((!is_sent || type != SOCK_STREAM) && sys_write(fd, message, size) < 0)
			return -1;
		is_sent = true;
		if (sys_poll(&wait, 1, 500) > 0)
			return sys_read(fd, text, room);
	}
	return -1;
}

static int ask(char **words)
{
	struct place place = place_of(words[1], words[2]);
	int type = type_of(words[0]);
	int fd = open_socket(&place, type, 0);
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	char text[MESSAGE_MAX * 2];
	ssize_t got;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&place.address, place.size) < 0)
		return 1;
	got = ask_socket(fd, type, words[3], strlen(words[3]), text, sizeof(text) - 1);
	if (got <= 0)
		return 1;
	text[got] = '\0';
	say(text);
	say("\n");
	return 0;
}

static int ping(const char *address)
{
	struct place place = place_of(address, "0");
	bool is_4 = place.address.ss_family == AF_INET;
	unsigned char request[16] = { is_4 ? 8 : 128 }; /* an echo; the kernel does the rest */
	int fd = open_socket(&place, SOCK_DGRAM, is_4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	char text[64];

	if (connect(fd, (struct sockaddr *)&place.address, place.size) < 0)
		return 1;
	return ask_socket(fd, SOCK_DGRAM, request, sizeof(request), text, sizeof(text)) > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "serve") == 0)
		serve(argv + 2);
	if (argc == 6 && strcmp(argv[1], "ask") == 0)
		return ask(argv + 2);
	if (argc == 3 && strcmp(argv[1], "ping") == 0)
		return ping(argv[2]);
	give_up("talk", -EINVAL);
}

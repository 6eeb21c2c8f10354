/* SPDX-License-Identifier: MIT */
/* supervisor/usernet.c: what pasta and slirp4netns are told. */
#include "supervisor/usernet.h"

#include "tap.h"

#include <netinet/in.h>

static void join(const struct usernet *usernet, const struct usernet_request *request, char *text,
		 size_t size)
{
	struct arena arena = { .blocks = NULL };
	char **words = usernet_arguments(usernet, request, &arena);
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 1; words != NULL && words[i] != NULL; i++)
		used += (size_t)snprintf(text + used, size - used, " %s", words[i]);
	arena_free(&arena);
}

int main(void)
{
	struct spec_port ports[] = {
		{ .protocol = IPPROTO_TCP, .host = 8080, .inside = 80, .count = 1 },
		{ .address = { .family = AF_INET, .prefix = 32, .bytes = { 127, 0, 0, 1 } },
		  .protocol = IPPROTO_UDP,
		  .host = 5000,
		  .inside = 6000,
		  .count = 3 },
	};
	struct spec spec = { .ports = { ports, 2 } };
	struct usernet usernet = { .kind = USERNET_PASTA,
				   .program = "/usr/bin/pasta",
				   .forwarder = { .family = AF_INET,
						  .bytes = { 169, 254, 1, 1 } } };
	struct usernet_request request = { .spec = &spec, .net = 5, .user = -1 };
	char text[2048];

	join(&usernet, &request, text, sizeof(text));
	ok(strstr(text, " -t 8080:80 ") != NULL, "pasta_gets_a_port");
	ok(strstr(text, " -u 127.0.0.1/5000-5002:6000-6002 ") != NULL, "and_a_range_of_an_address");
	ok(strstr(text, " --netns-only") != NULL && strstr(text, "--runas") == NULL,
	   "of_an_ordinary_users_container");
	ok(strstr(text, " -T none -U none ") != NULL && strstr(text, " --no-map-gw ") != NULL,
	   "no_way_back_to_the_machine");
	request.user = 6;
	request.is_privileged = true;
	spec.ports.count = 0;
	join(&usernet, &request, text, sizeof(text));
	ok(strstr(text, " --runas 0:0 --userns /sys/user") != NULL, "of_roots");
	ok(strstr(text, " -t none -u none ") != NULL, "no_ports_where_none_are_published");
	usernet.kind = USERNET_SLIRP;
	join(&usernet, &request, text, sizeof(text));
	is_str(text,
	       " --configure --mtu=65520 --disable-host-loopback --ready-fd=1 --netns-type=path"
	       " --userns-path=/sys/user /sys/net eth0",
	       "slirp4netns");
	return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* `sv net`: which networks there are, and away with one that a killed sv left. */
#include "verbs.h"

#include "../init/lib/fd.h"
#include "error.h"
#include "file.h"
#include "network_internal.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_SIZE 512

static int open_networks(struct network *network, struct error *error)
{
	int result;

	network_init(network);
	if (geteuid() != 0)
		return error_hint(error, error_set(error, 0, "sv net needs root"),
				  "an ordinary user's containers have no network of the machine's");
	if (netlink_open(&network->route, NETLINK_ROUTE, -1, error) < 0)
		return -1;
	result = network_wait_existing(network);
	return result == 0 || result == -ENOENT
		       ? 0
		       : error_set(error, result, "cannot lock the folder of networks");
}

static void close_networks(struct network *network)
{
	fd_close(&network->leases);
	network_unlock(network);
	netlink_close(&network->route);
}

/* --- ls -------------------------------------------------------------------------------------------------------------- */

static int print_line(const char *name, const char *subnet, const char *container,
		      const char *address)
{
	char line[LINE_MAX_SIZE];
	int length = snprintf(line, sizeof(line), "%-15s %-18s %-20s %s\n", name, subnet, container,
			      address);

	return file_write(STDOUT_FILENO, line, (size_t)length);
}

struct listing {
	const struct network *network;
	int count;
};

static int list_lease(const struct network_lease *lease, void *data)
{
	struct listing *listing = data;
	char subnet[CIDR_TEXT_MAX], address[CIDR_TEXT_MAX], address6[CIDR_TEXT_MAX];
	char both[2 * CIDR_TEXT_MAX + 1];

	if (!lease->is_live)
		return 0;
	listing->count++;
	(void)snprintf(both, sizeof(both), "%s%s%s", cidr_print_address(&lease->address, address),
		       lease->address6.family != 0 ? " " : "",
		       lease->address6.family != 0 ? cidr_print_address(&lease->address6, address6)
						   : "");
	return print_line(listing->network->bridge, cidr_print(&listing->network->gateway, subnet),
			  lease->container, both);
}

/* A network without containers has a line, too: sv was killed, and nothing has been started since. */
static int list_bridge(const char *bridge, void *data)
{
	struct network *network = data;
	struct listing listing = { .network = network };
	struct error ignored = { 0 };
	struct link_info link;
	char subnet[CIDR_TEXT_MAX];
	int result;

	(void)snprintf(network->bridge, sizeof(network->bridge), "%s", bridge);
	network->gateway = (struct cidr){ 0 };
	if (links_find(&network->route, bridge, 0, &link) == 0)
		(void)links_address(&network->route, link.index, AF_INET, &network->gateway);
	if (leases_open(network, &ignored) < 0)
		return 0;
	result = network_each(network, list_lease, &listing);
	if (result == 0 && listing.count == 0)
		result = print_line(bridge, cidr_print(&network->gateway, subnet), "-", "-");
	fd_close(&network->leases);
	return result;
}

static int list(char *const names[], struct error *error)
{
	static struct network network;
	int result;

	if (names[0] != NULL)
		return error_set(error, 0, "unexpected argument '%.80s' after 'net ls'", names[0]);
	if (open_networks(&network, error) < 0)
		return -1;
	result = print_line("NETWORK", "SUBNET", "CONTAINER", "ADDRESS");
	if (result == 0 && network.folder >= 0)
		result = leases_each_bridge(&network, list_bridge, &network);
	close_networks(&network);
	return result < 0 ? error_set(error, result, "cannot list the networks") : 0;
}

/* --- rm -------------------------------------------------------------------------------------------------------------- */

static int name_living(const struct network_lease *lease, void *data)
{
	if (lease->is_live)
		(void)snprintf(data, SPEC_NAME_MAX + 1, "%s", lease->container);
	return lease->is_live;
}

static int is_bridge(const char *bridge, void *data)
{
	return strcmp(bridge, data) == 0;
}

static int refuse_living(struct network *network, struct error *error)
{
	char container[SPEC_NAME_MAX + 1] = "";

	(void)network_each(network, name_living, container);
	return error_set(error, 0, "network '%s' is in use by container '%s'", network->bridge,
			 container);
}

/* A bridge of sv's that nothing is written down about: /run was emptied, say. Ports of it are somebody's. */
static int remove_bare(struct network *network, struct error *error)
{
	struct link_info link;
	int result = links_find(&network->route, network->bridge, 0, &link);
	int ports;

	if (result < 0 || strcmp(link.alias, NETWORK_MARK) != 0)
		return error_hint(error,
				  error_set(error, 0, "there is no network '%s' of sv's",
					    network->bridge),
				  "'sv net ls' lists them; what others made is theirs to remove");
	ports = links_count_ports(&network->route, link.index);
	if (ports > 0)
		return error_set(error, 0, "bridge '%s' has %d ports in use", network->bridge,
				 ports);
	result = links_delete(&network->route, link.index);
	return result < 0 ? netlink_fail(&network->route, result, error,
					 "cannot remove bridge '%s'", network->bridge)
			  : 0;
}

static int remove_one(struct network *network, char *name, struct error *error)
{
	int result = 0;

	if (strlen(name) >= sizeof(network->bridge))
		return error_set(error, 0, "there is no network '%.80s' of sv's", name);
	(void)snprintf(network->bridge, sizeof(network->bridge), "%s", name);
	if (network->folder < 0 || leases_each_bridge(network, is_bridge, name) != 1)
		return remove_bare(network, error);
	if (leases_open(network, error) < 0)
		return -1;
	if (!network_remove(network))
		result = refuse_living(network, error);
	fd_close(&network->leases);
	return result;
}

static int remove_all(char *const names[], struct error *error)
{
	static struct network network;
	int result = 0;

	if (names[0] == NULL)
		return error_hint(error, error_set(error, 0, "'net rm' lacks a name"),
				  "'sv net ls' lists the networks");
	if (open_networks(&network, error) < 0)
		return -1;
	for (size_t i = 0; result == 0 && names[i] != NULL; i++)
		result = remove_one(&network, names[i], error);
	close_networks(&network);
	return result;
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	int (*run)(char *const names[], struct error *error);
} words[] = {
	{ "ls", list },
	{ "rm", remove_all },
};

int verb_net(int argc, char *const argv[])
{
	struct error error = { 0 };

	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i].word) == 0)
			return words[i].run(argv + 2, &error) < 0 ? error_print(&error) : 0;
	if (argc > 1)
		(void)error_set(&error, 0, "'net' can't do '%.80s'", argv[1]);
	else
		(void)error_set(&error, 0, "'net' lacks what to do");
	(void)error_hint(&error, 0, "sv net ls, sv net rm NAME");
	return error_print(&error);
}

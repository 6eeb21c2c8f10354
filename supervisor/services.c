/* SPDX-License-Identifier: MIT */
/* See services.h. */
#include "services.h"

#include "../init/lib/fd.h"
#include "links.h"
#include "names.h"
#include "nft.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

void services_init(struct services *services)
{
	*services = (struct services){ .rules = { .fd = -1 } };
	etc_files_init(&services->files);
	usernet_init(&services->usernet);
}

/* The others learn of it by the same file and bell. */
static int list_name(struct services *services, struct error *error)
{
	struct etc_files *files = &services->files;
	int result;

	if (names_write(services->network, false, error) < 0)
		return -1;
	services->is_listed = true;
	result = files->addresses = names_open(services->network);
	if (result >= 0)
		result = files->changes = names_watch(services->network, &files->bell);
	return result < 0 ? error_set(error, result, "cannot watch the names on '%s'",
				      services->network->bridge)
			  : 0;
}

int services_choose(struct services *services, struct network *network, const struct spec *spec,
		    const char *container, struct error *error)
{
	services->network = network;
	services->spec = spec;
	services->container = container;
	if (spec->net == SPEC_NET_NONE)
		return 0;
	if (ports_hold(&services->ports, spec, error) < 0)
		return -1;
	if (spec->net == SPEC_NET_USER && usernet_choose(&services->usernet, error) < 0)
		return -1;
	return spec->net == SPEC_NET_BRIDGE ? list_name(services, error) : 0;
}

int services_make_files(struct services *services, int root, uint32_t uid, uint32_t gid,
			struct error *error)
{
	const struct spec *spec = services->spec;
	struct utsname machine = { 0 };
	struct etc_request request = {
		.spec = spec,
		.network = services->network,
		.container = services->container,
		.hostname = spec->hostname != NULL ? spec->hostname : services->container,
		.forwarder = &services->usernet.forwarder,
	};

	if (spec->net == SPEC_NET_NONE)
		return 0;
	if (etc_files_choose(&services->files, spec, root, error) < 0)
		return -1;
	if (spec->host_namespace[SPEC_UTS] && uname(&machine) == 0)
		request.hostname = machine.nodename;
	return etc_files_make(&services->files, &request, uid, gid, error);
}

/* --- after the clone ------------------------------------------------------------------------------------------------ */

static int set_hairpin(struct network *network, struct error *error)
{
	int result = links_set_hairpin(&network->route, network->outer);

	return result < 0 ? netlink_fail(&network->route, result, error,
					 "cannot let link '%s' reach itself", network->outer)
			  : 0;
}

static int attach_bridge(struct services *services, struct error *error)
{
	struct network *network = services->network;
	struct relay_target target = { .has_v4 = network->address.family != 0,
				       .has_v6 = network->address6.family != 0 };

	memcpy(&target.v4, network->address.bytes, sizeof(target.v4));
	memcpy(&target.v6, network->address6.bytes, sizeof(target.v6));
	if (nft_hold(&services->rules, network, error) < 0)
		return -1;
	if (services->ports.count > 0 && set_hairpin(network, error) < 0)
		return -1;
	return ports_relay(&services->ports, &target, -1, error);
}

/* -ENOENT: init has failed and is gone; its record says why. */
static int open_namespace(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	return fd == -ESRCH ? -ENOENT : fd;
}

static int attach_user(struct services *services, pid_t pid, bool has_userns, bool is_privileged,
		       struct error *error)
{
	FD int net = open_namespace(pid, "net");
	FD int user = has_userns ? open_namespace(pid, "user") : -1;
	struct usernet_request request = {
		.spec = services->spec, .net = net, .user = user, .is_privileged = is_privileged
	};
	struct relay_target target = { .has_v4 = true };

	if (net == -ENOENT || user == -ENOENT)
		return 0;
	if (net < 0 || (has_userns && user < 0))
		return error_set(error, net < 0 ? net : user,
				 "cannot open the container's namespaces");
	/* They were held until now; the program binds them itself, and fails where somebody was faster. */
	if (usernet_has_ports(&services->usernet))
		ports_free(&services->ports);
	if (usernet_start(&services->usernet, &request, error) < 0)
		return -1;
	memcpy(&target.v4, services->usernet.address.bytes, sizeof(target.v4));
	return ports_relay(&services->ports, &target, net, error);
}

int services_attach(struct services *services, pid_t pid, bool has_userns, bool is_privileged,
		    struct error *error)
{
	switch (services->spec->net) {
	case SPEC_NET_BRIDGE:
		return attach_bridge(services, error);
	case SPEC_NET_USER:
		return attach_user(services, pid, has_userns, is_privileged, error);
	case SPEC_NET_NONE:
	case SPEC_NET_HOST:
	case SPEC_NET_CONTAINER:
	case SPEC_NET_PATH:
	case SPEC_NET_MACVLAN:
	default:
		return 0;
	}
}

void services_warn(const struct services *services)
{
	struct nft_blocker blockers[NFT_BLOCKERS_MAX];
	const char *bridge = services->network->bridge;
	char command[512];
	int count;

	if (services->spec->net != SPEC_NET_BRIDGE || !services->network->is_own)
		return;
	count = nft_find_blockers(bridge, blockers);
	for (int i = 0; i < count; i++)
		error_say(
			"chain '%s' of table '%s' drops what bridge '%s' sends and gets; hint: %s",
			blockers[i].chain, blockers[i].table, bridge,
			nft_way_out(&blockers[i], bridge, command, sizeof(command)));
}

/* --- the end ---------------------------------------------------------------------------------------------------------- */

void services_stop(struct services *services)
{
	struct error ignored = { 0 };

	if (services->spec == NULL || services->spec->net == SPEC_NET_NONE)
		return;
	ports_free(&services->ports);
	usernet_stop(&services->usernet);
	nft_release(&services->rules, services->network);
	/* Should that fail, the next one to come or go writes it without this name: its lease is dead by then. */
	if (services->is_listed)
		(void)names_write(services->network, true, &ignored);
	services->is_listed = false;
	etc_files_free(&services->files);
}

/* SPDX-License-Identifier: MIT */
/*
 * What options' values look like: one setter for each form, which checks it and puts it into the
 * spec. A setter sees one value; what two options must agree on is values_check()'s. Nothing is
 * looked up on the machine.
 *
 * Setters return 0 or a negative number with the error set; they allocate from the spec's arena and
 * keep pointers into the value's text.
 */
#ifndef SV_VALUES_H
#define SV_VALUES_H

#include "error.h"
#include "spec.h"

#include <stdbool.h>
#include <stdint.h>

#define MICRO_CPU INT64_C(1000000) /* of --cpus: millionths */

struct value {
	struct spec *spec;
	const char *where; /* opens a message: "--memory", "web.conf:3: memory" */
	const char *text;
	void *field; /* in spec, of the setter's type */
	int64_t min, max;
	bool on; /* a flag's value */
	struct error *error;
};

/*
 * Says what is wrong with a value: "WHERE: 'TEXT' PROBLEM; hint: ACCEPTED". Returns a negative number. For setters in other
 * files.
 */
int values_refuse(const struct value *value, const char *problem, const char *accepted);

int values_set_address(const struct value *value);  /* struct cidr; min 4 or 6: which family */
int values_set_add_host(const struct value *value); /* spec->hosts */
int values_set_cgroup_parent(const struct value *value);
int values_set_capabilities(const struct value *value); /* uint64_t, a mask; lists add up */
int values_set_cpus(const struct value *value);         /* int64_t, millionths of a CPU */
int values_set_cpuset(const struct value *value);       /* const char *, "0-3,8" */
int values_set_device(const struct value *value);
int values_set_dns(const struct value *value);        /* spec->dns */
int values_set_dns_search(const struct value *value); /* spec->dns_search */
int values_set_duration(const struct value *value);   /* int64_t, milliseconds; 0 is "none" */
int values_set_env(const struct value *value);
int values_set_env_file(const struct value *value);
int values_set_flag(const struct value *value); /* bool */
int values_set_hostname(const struct value *value);
int values_set_integer(const struct value *value);  /* int64_t */
int values_set_landlock(const struct value *value); /* spec->landlock; lists add up */
int values_set_link(const struct value *value);     /* const char *, a network link's name */
int values_set_mac(const struct value *value);      /* spec->mac, spec->has_mac */
int values_set_name(const struct value *value);
int values_set_namespace(const struct value *value);  /* bool, true for "host" */
int values_set_net(const struct value *value);        /* spec->net and what goes with it */
int values_set_octal(const struct value *value);      /* int64_t */
int values_set_publish(const struct value *value);    /* spec->ports */
int values_set_pids_limit(const struct value *value); /* int64_t; 0 is -1, unlimited */
int values_set_shm_size(const struct value *value);   /* uint64_t */
int values_set_signal(const struct value *value);     /* int64_t */
int values_set_size(
	const struct value *value); /* int64_t, bytes; min -1: "-1" is unlimited, 0 unset */
int values_set_string(const struct value *value);  /* const char *, not empty */
int values_set_strings(const struct value *value); /* struct spec_strings */
int values_set_subnet(const struct value *value);  /* struct cidr; min 4 or 6: which family */
int values_set_sysctl(const struct value *value);
int values_set_target(
	const struct value *value); /* const char *, absolute and normalised; "/" is allowed */
int values_set_throttle(const struct value *value); /* SPEC_LIST(struct spec_throttle) */
int values_set_tmpfs(const struct value *value);
int values_set_tty(const struct value *value); /* enum spec_tty; min says which */
int values_set_ulimit(const struct value *value);
int values_set_userns(const struct value *value);
int values_set_volume(const struct value *value);

/* True for what a container or a volume can be called. */
bool values_is_name(const char *text);

/* The name that --ulimit knows a RLIMIT_* by; NULL where there is none. */
const char *values_ulimit_name(int resource);

/* For setters in other files. Returns a negative number. */
int values_no_memory(const struct value *value);

/* What options must agree on, once all are read; turns --cpus into quota and period. */
int values_check(struct spec *spec, struct error *error);

/* The same for the network's alone; --bridge becomes --net bridge. */
int values_check_network(struct spec *spec, struct error *error);

/* And for what it is used for: ports, names, resolvers. */
int values_check_ports(const struct spec *spec, struct error *error);

#endif

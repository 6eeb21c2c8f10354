/* SPDX-License-Identifier: MIT */
/* supervisor/capabilities.c: names, the nearest one, and what --cap-add and --cap-drop make of the default. */
#include "supervisor/capabilities.h"

#include "tap.h"

#include <linux/capability.h>

#define BIT(number) ((uint64_t)1 << (number))

static uint64_t parse(const char *text)
{
	return capabilities_parse(text, strlen(text));
}

static void names_are_read(void)
{
	for (unsigned i = 0; i <= CAP_CHECKPOINT_RESTORE; i++)
		ok(parse(capabilities_name(i)) == BIT(i), "%s is number %u", capabilities_name(i),
		   i);
	ok(capabilities_name(CAP_CHECKPOINT_RESTORE + 1) == NULL, "no_name_past_the_last");
	ok(parse("NET_ADMIN") == BIT(CAP_NET_ADMIN) &&
		   parse("cap_net_admin") == BIT(CAP_NET_ADMIN) &&
		   parse("Cap_Net_Admin") == BIT(CAP_NET_ADMIN),
	   "prefix_and_case_don't_matter");
	ok(parse("ALL") == CAPABILITIES_ALL && parse("all") == CAPABILITIES_ALL, "all_is_a_name");
	ok(capabilities_parse("NET_ADMINISTRATOR", 9) == BIT(CAP_NET_ADMIN), "the_length_counts");
}

static void other_words_are_none(void)
{
	static const char *const words[] = { "",      "CAP_",  "CAP",     "CAP_CAP_KILL", "KIL",
					     "KILLS", " KILL", "CAP_ALL", "12",           "-" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ok(parse(words[i]) == 0, "'%s' is none", words[i]);
}

static void the_nearest_is_named(void)
{
	static const struct {
		const char *word, *nearest;
	} rows[] = {
		{ "NET_ADMNI", "NET_ADMIN" },
		{ "cap_sys_admn", "SYS_ADMIN" },
		{ "chwon", "CHOWN" },
		{ "MKNODE", "MKNOD" },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_str(capabilities_nearest(rows[i].word, strlen(rows[i].word)), rows[i].nearest,
		       rows[i].word);
	ok(capabilities_nearest("xyzzy_quux", 10) == NULL, "nothing_is_near_to_nonsense");
	memset(text, 'A', sizeof(text));
	ok(capabilities_nearest(text, sizeof(text)) == NULL, "nor_to_what_is_too_long");
}

static void sets_are_combined(void)
{
	const uint64_t raw = BIT(CAP_NET_RAW), chown = BIT(CAP_CHOWN), base = capabilities_default;

	ok(base == 0x800405fb, "the_default_is_podman's_eleven");
	ok(capabilities_combine(0, 0) == base, "nothing_asked");
	ok(capabilities_combine(raw, 0) == (base | raw), "added");
	ok(capabilities_combine(0, chown) == (base & ~chown), "dropped");
	ok(capabilities_combine(chown, chown) == base, "what_is_added_by_name_stays");
	ok(capabilities_combine(0, CAPABILITIES_ALL) == 0, "all_dropped");
	ok(capabilities_combine(raw, CAPABILITIES_ALL) == raw, "all_dropped_but_one");
	ok(capabilities_combine(CAPABILITIES_ALL, 0) == CAPABILITIES_ALL, "all_added");
	ok(capabilities_combine(CAPABILITIES_ALL, raw) == (CAPABILITIES_ALL & ~raw),
	   "all_added_but_one");
	ok(capabilities_combine(CAPABILITIES_ALL, CAPABILITIES_ALL) == 0, "all_of_both_is_none");
}

int main(void)
{
	names_are_read();
	other_words_are_none();
	the_nearest_is_named();
	sets_are_combined();
	return tap_done();
}

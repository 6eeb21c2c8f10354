/* SPDX-License-Identifier: MIT */
/* See resolver.h. */
#include "resolver.h"

#include "part.h"

#include <stdio.h>
#include <sys/socket.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word; false where only spaces are left. */
static bool next_word(struct part *rest, struct part *word)
{
	while (rest->length > 0 && is_space(rest->text[0])) {
		rest->text++;
		rest->length--;
	}
	*word = (struct part){ rest->text, 0 };
	while (word->length < rest->length && !is_space(rest->text[word->length]))
		word->length++;
	rest->text += word->length;
	rest->length -= word->length;
	return word->length > 0;
}

static bool is_loopback(const struct cidr *address)
{
	static const struct cidr v4 = { .family = AF_INET, .prefix = 8, .bytes = { 127 } };
	static const struct cidr v6 = { .family = AF_INET6, .prefix = 128, .bytes = { [15] = 1 } };

	return cidr_contains(&v4, address) || cidr_contains(&v6, address);
}

static void add_server(struct resolver *resolver, struct part word, struct resolver_reach reach)
{
	struct cidr address;

	/* With a zone behind it (fe80::1%eth0) it is one of the machine's links, which the container has not. */
	if (cidr_parse_address(word.text, word.length, &address) < 0)
		return;
	if (!reach.loopback && is_loopback(&address))
		resolver->had_loopback = true;
	else if (resolver->count < RESOLVER_MAX && (reach.v6 || address.family != AF_INET6))
		resolver->servers[resolver->count++] = address;
}

/* The rest of a line, its words with a space between; the last such line wins. What doesn't fit is left out, whole words. */
static void keep_words(char *text, size_t size, struct part rest)
{
	struct part word;
	size_t used = 0;

	text[0] = '\0';
	while (next_word(&rest, &word)) {
		if (used + word.length + 2 > size)
			return;
		used += (size_t)snprintf(text + used, size - used, "%s%.*s", used > 0 ? " " : "",
					 (int)word.length, word.text);
	}
}

void resolver_read(struct resolver *resolver, const char *text, size_t length,
		   struct resolver_reach reach)
{
	struct part rest = { text, length }, line, key, word;

	*resolver = (struct resolver){ 0 };
	while (part_next(&rest, '\n', &line)) {
		/* A comment, or bytes that no such file has. */
		if (memchr(line.text, '\0', line.length) != NULL || !next_word(&line, &key))
			continue;
		if (part_is(key, "nameserver") && next_word(&line, &word))
			add_server(resolver, word, reach);
		else if (part_is(key, "search") || part_is(key, "domain"))
			keep_words(resolver->search, sizeof(resolver->search), line);
		else if (part_is(key, "options"))
			keep_words(resolver->options, sizeof(resolver->options), line);
	}
}

void resolver_override(struct resolver *resolver, const struct spec *spec)
{
	size_t used = 0;

	if (spec->dns.count > 0) {
		resolver->count = 0;
		resolver->had_loopback = false;
	}
	for (size_t i = 0; i < spec->dns.count && i < RESOLVER_MAX; i++)
		resolver->servers[resolver->count++] = spec->dns.rows[i];
	if (spec->dns_search.count > 0)
		resolver->search[0] = '\0';
	for (size_t i = 0; i < spec->dns_search.count; i++) {
		const char *word = spec->dns_search.rows[i];

		/* Docker: "Use --dns-search=. if you don't want to set the search domain" */
		if (strcmp(word, ".") == 0 || used + strlen(word) + 2 > sizeof(resolver->search))
			continue;
		used += (size_t)snprintf(resolver->search + used, sizeof(resolver->search) - used,
					 "%s%s", used > 0 ? " " : "", word);
	}
}

size_t resolver_write(const struct resolver *resolver, char *text, size_t size)
{
	char address[CIDR_TEXT_MAX];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < resolver->count; i++)
		used += (size_t)snprintf(text + used, size - used, "nameserver %s\n",
					 cidr_print_address(&resolver->servers[i], address));
	if (resolver->search[0] != '\0')
		used += (size_t)snprintf(text + used, size - used, "search %s\n", resolver->search);
	if (resolver->options[0] != '\0')
		used += (size_t)snprintf(text + used, size - used, "options %s\n",
					 resolver->options);
	return used;
}

/* SPDX-License-Identifier: MIT */
/*
 * Tar archives: any bytes, with the sums of what looks like a header put right, since no fuzzer finds those. In one piece and in
 * many it must come to the same; names are bounded, and data stays within its file and goes forward.
 */
#include "supervisor/sha256.h"
#include "supervisor/tar.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct watch {
	const struct tar_entry *entry;
	uint64_t next; /* where data may go on */
	struct sha256 hash;
};

static int watch_entry(void *context, const struct tar_entry *entry, struct error *error)
{
	struct watch *watch = context;

	(void)error;
	if (watch->entry != NULL || strlen(entry->name) > TAR_NAME_MAX ||
	    strlen(entry->link) > TAR_NAME_MAX || entry->mode > 07777 || entry->size > INT64_MAX ||
	    entry->mtime.tv_nsec < 0 || entry->mtime.tv_nsec > 999999999)
		abort();
	watch->entry = entry;
	watch->next = 0;
	sha256_add(&watch->hash, entry->name, strlen(entry->name) + 1);
	sha256_add(&watch->hash, entry->link, strlen(entry->link) + 1);
	for (size_t i = 0; i < entry->xattrs.count; i++)
		sha256_add(&watch->hash, entry->xattrs.rows[i].value, entry->xattrs.rows[i].size);
	return 0;
}

static int watch_data(void *context, uint64_t offset, const char *bytes, size_t size,
		      struct error *error)
{
	struct watch *watch = context;

	(void)error;
	if (watch->entry == NULL || watch->entry->kind != TAR_FILE || size == 0 ||
	    offset < watch->next || offset > watch->entry->size ||
	    size > watch->entry->size - offset)
		abort();
	watch->next = offset + size;
	sha256_add(&watch->hash, bytes, size);
	return 0;
}

static int watch_end(void *context, struct error *error)
{
	struct watch *watch = context;

	(void)error;
	if (watch->entry == NULL)
		abort();
	/* it is still there */
	sha256_add(&watch->hash, watch->entry->name, strlen(watch->entry->name));
	watch->entry = NULL;
	return 0;
}

/* The result, and in `hex` what came of it. */
static int read_in_pieces(const char *text, size_t size, size_t piece, char hex[SHA256_HEX_SIZE],
			  struct error *error)
{
	struct watch watch = { .entry = NULL };
	const struct tar_sink sink = {
		.context = &watch, .entry = watch_entry, .data = watch_data, .end = watch_end
	};
	struct tar_reader reader;
	int result = 0;

	sha256_begin(&watch.hash);
	tar_begin(&reader, &sink);
	for (size_t at = 0; at < size && result == 0; at += piece) {
		size_t length = size - at < piece ? size - at : piece;
		char *copy = malloc(length);

		if (copy == NULL)
			abort();
		memcpy(copy, text + at, length);
		result = tar_feed(&reader, copy, length, error);
		free(copy);
	}
	if (result == 0)
		result = tar_end(&reader, false, error);
	tar_free(&reader);
	sha256_end(&watch.hash, hex);
	return result;
}

/* "ustar" makes a header of it. */
static void mend_sums(char *text, size_t size)
{
	for (size_t at = 0; size >= TAR_BLOCK && at <= size - TAR_BLOCK; at += TAR_BLOCK) {
		unsigned sum = 0;

		if (memcmp(text + at + 257, "ustar", 5) != 0)
			continue;
		memset(text + at + 148, ' ', 8);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += (unsigned char)text[at + i];
		for (size_t i = 6; i-- > 0; sum >>= 3)
			text[at + 148 + i] = (char)('0' + (sum & 7));
		text[at + 154] = '\0';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error whole = { 0 }, pieces = { 0 };
	char first[SHA256_HEX_SIZE], second[SHA256_HEX_SIZE];
	char *text = malloc(size + (size == 0));
	int result;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	mend_sums(text, size);
	result = read_in_pieces(text, size, size + 1, first, &whole);
	if ((result < 0) != error_is_set(&whole))
		abort();
	if (read_in_pieces(text, size, size > 0 ? data[0] % 61 + 1 : 1, second, &pieces) !=
		    result ||
	    strcmp(first, second) != 0)
		abort();
	free(text);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The reader of archives, on headers made here: numbers, extended headers, maps of holes, and where it may end. */
#include "supervisor/tar.h"

#include "tap.h"

#include <stdlib.h>

/* An archive being made, and what the reader told of its last entry. */
struct archive {
	char bytes[16 * TAR_BLOCK];
	size_t size;
};

struct seen {
	unsigned entries, ends;
	char name[64], link[64], data[64], xattr[64];
	enum tar_kind kind;
	uint64_t uid, size, last_offset;
	size_t data_size;
	struct timespec mtime;
};

static void mend(char *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	(void)snprintf(block + 148, 7, "%06o", sum);
}

/* A header, and its payload filled up to blocks. The header, to be changed (and mended). */
static char *add(struct archive *archive, char type, const char *name, const void *payload,
		 size_t size)
{
	char *block = archive->bytes + archive->size;

	memset(block, 0, TAR_BLOCK);
	(void)snprintf(block, 100, "%s", name);
	(void)snprintf(block + 100, 8, "%07o", 0644);
	(void)snprintf(block + 124, 12, "%011o", (unsigned)size);
	block[156] = type;
	memcpy(block + 257, "ustar\00000", 8);
	mend(block);
	archive->size += TAR_BLOCK;
	if (size > 0)
		memcpy(archive->bytes + archive->size, payload, size);
	archive->size += (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	return block;
}

static void add_text(struct archive *archive, char type, const char *text)
{
	(void)add(archive, type, "extended", text, strlen(text));
}

/* Lines "KEY=VALUE", each with its length before it. */
static void add_records(struct archive *archive, char type, const char *lines)
{
	char text[TAR_BLOCK] = "";
	size_t used = 0;

	while (*lines != '\0') {
		size_t line = strcspn(lines, "\n"),
		       length = line + 4; /* two digits in all of these */

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%02zu %.*s\n", length,
					 (int)line, lines);
		lines += line + 1;
	}
	add_text(archive, type, text);
}

static int see_entry(void *context, const struct tar_entry *entry, struct error *error)
{
	struct seen *seen = context;

	(void)error;
	*seen = (struct seen){ .entries = seen->entries + 1,
			       .ends = seen->ends,
			       .kind = entry->kind,
			       .uid = entry->uid,
			       .size = entry->size,
			       .mtime = entry->mtime };
	(void)snprintf(seen->name, sizeof(seen->name), "%s", entry->name);
	(void)snprintf(seen->link, sizeof(seen->link), "%s", entry->link);
	if (entry->xattrs.count > 0)
		(void)snprintf(seen->xattr, sizeof(seen->xattr), "%s=%s",
			       entry->xattrs.rows[0].name, entry->xattrs.rows[0].value);
	return 0;
}

static int see_data(void *context, uint64_t offset, const char *bytes, size_t size,
		    struct error *error)
{
	struct seen *seen = context;

	(void)error;
	if (seen->data_size + size < sizeof(seen->data))
		memcpy(seen->data + seen->data_size, bytes, size);
	seen->data_size += size;
	seen->last_offset = offset + size;
	return 0;
}

static int see_end(void *context, struct error *error)
{
	(void)error;
	((struct seen *)context)->ends++;
	return 0;
}

/* Reads it in pieces of a size, with the end behind it that an archive has. */
static int read_it(const struct archive *archive, size_t piece, bool with_end, struct seen *seen,
		   struct error *error)
{
	static const char end[2 * TAR_BLOCK];
	struct tar_sink sink = { seen, see_entry, see_data, see_end };
	struct tar_reader reader;
	int result = 0;

	memset(seen, 0, sizeof(*seen));
	*error = (struct error){ 0 };
	tar_begin(&reader, &sink);
	for (size_t at = 0; at < archive->size && result == 0; at += piece)
		result = tar_feed(&reader, archive->bytes + at,
				  archive->size - at < piece ? archive->size - at : piece, error);
	if (result == 0 && with_end)
		result = tar_feed(&reader, end, sizeof(end), error);
	if (result == 0)
		result = tar_end(&reader, false, error);
	tar_free(&reader);
	return result;
}

static int read_whole(const struct archive *archive, struct seen *seen)
{
	struct error error;

	return read_it(archive, archive->size, true, seen, &error);
}

static void reads_numbers(void)
{
	struct archive archive = { .size = 0 };
	struct seen seen;
	char *header = add(&archive, '0', "file", "data", 4);

	memcpy(header + 108, "\x80\0\0\0\0\x98\x96\x80", 8);
	memcpy(header + 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
	mend(header);
	is_int(read_whole(&archive, &seen), 0, "base-256 numbers");
	is_int(seen.uid, 10000000, "a large owner");
	is_int(seen.mtime.tv_sec, -2, "a time before 1970");
	is_str(seen.data, "data", "and the data");
	memcpy(header + 108, "  17 \0\0", 8);
	mend(header);
	is_int(read_whole(&archive, &seen), 0, "octal between spaces");
	is_int(seen.uid, 15, "is read");
	memcpy(header + 108, "18\0\0\0\0\0", 8);
	mend(header);
	ok(read_whole(&archive, &seen) < 0, "8 is no octal digit");
	memcpy(header + 108, "\xc0\0\0\0\0\0\0\x01", 8);
	mend(header);
	ok(read_whole(&archive, &seen) < 0, "nor is anything else base-256");
	memset(header + 108, 0, 8);
	mend(header);
	is_int(read_whole(&archive, &seen), 0, "an empty field");
	is_int(seen.uid, 0, "is 0");
}

static void reads_extended_headers(void)
{
	struct archive archive = { .size = 0 };
	struct seen seen;

	add_records(&archive, 'g', "mtime=100.25\nuid=500\n");
	(void)add(&archive, '0', "first", NULL, 0);
	is_int(read_whole(&archive, &seen), 0, "a global header");
	ok(seen.uid == 500 && seen.mtime.tv_sec == 100 && seen.mtime.tv_nsec == 250000000,
	   "is for what follows");
	add_records(&archive, 'x', "mtime=-1.25\nuid=\npath=long name\nSCHILY.xattr.user.a=b\n");
	(void)add(&archive, '0', "short", "data", 4);
	is_int(read_whole(&archive, &seen), 0, "a local one");
	is_str(seen.name, "long name", "has the name");
	is_str(seen.xattr, "user.a=b", "and the attribute");
	ok(seen.mtime.tv_sec == -2 && seen.mtime.tv_nsec == 750000000, "a time before 1970");
	is_int(seen.uid, 0, "an empty value takes the global one away");
	is_int(seen.ends, 2, "all entries end");
	(void)add(&archive, '0', "third", NULL, 0);
	is_int(read_whole(&archive, &seen), 0, "the next");
	ok(strcmp(seen.name, "third") == 0 && seen.uid == 500, "has the global one again");
}

static void refuses_extended_headers(void)
{
	static const char *const texts[] = {
		"8 path=x", "9path=xx\n",  "x path=x\n",   "0 path=x\n",   "99999 path=x\n",
		"7 path\n", "-9 path=x\n", "12 path=xy\n", "10 path=xy\n",
	};
	static const char *const records[] = {
		"uid=ab\n",           "mtime=1.x\n",
		"mtime=\x01\n",       "size=-10\n",
		"gid=1 2\n",          "GNU.sparse.map=1,x\n",
		"GNU.sparse.map=1\n", "size=99999999999999999999\n",
	};
	struct seen seen;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct archive archive = { .size = 0 };

		add_text(&archive, 'x', texts[i]);
		(void)add(&archive, '0', "file", NULL, 0);
		ok(read_whole(&archive, &seen) < 0, "extended header %zu is refused", i);
	}
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct archive archive = { .size = 0 };

		add_records(&archive, 'x', records[i]);
		(void)add(&archive, '0', "file", NULL, 0);
		ok(read_whole(&archive, &seen) < 0, "record %zu is refused", i);
	}
}

static void reads_long_names(void)
{
	struct archive archive = { .size = 0 };
	struct seen seen;

	(void)add(&archive, 'L', "././@LongLink", "the name", 9);
	(void)add(&archive, 'K', "././@LongLink", "the link", 9);
	(void)add(&archive, '2', "cut", NULL, 0);
	is_int(read_whole(&archive, &seen), 0, "GNU's long names");
	is_str(seen.name, "the name", "the name");
	is_str(seen.link, "the link", "and the link");
	ok(seen.kind == TAR_SYMLINK && seen.size == 0, "of a link");
}

/* Data of 3 + 2 bytes at 10 and 20 of a file of 30. */
static void reads_maps(void)
{
	static const char *const rows[] = {
		"GNU.sparse.size=30\nGNU.sparse.numblocks=2\nGNU.sparse.offset=10\n"
		"GNU.sparse.numbytes=3\nGNU.sparse.offset=20\nGNU.sparse.numbytes=2\n",
		"GNU.sparse.size=30\nGNU.sparse.numblocks=2\nGNU.sparse.map=10,3,20,2\n",
	};
	static const char *const wrong[] = {
		"GNU.sparse.size=30\nGNU.sparse.map=10,3,20,3\n",
		"GNU.sparse.size=21\nGNU.sparse.map=10,3,20,2\n",
		"GNU.sparse.size=30\nGNU.sparse.map=20,2,10,3\n",
		"GNU.sparse.size=30\nGNU.sparse.map=10,3,12,2\n",
		"GNU.sparse.size=30\nGNU.sparse.map=10,\n",
	};
	static const char map[TAR_BLOCK + 5] = "2\n10\n3\n20\n2\n";
	struct archive archive;
	struct seen seen;

	for (size_t i = 0; i < 2; i++) {
		archive.size = 0;
		add_records(&archive, 'x', rows[i]);
		(void)add(&archive, '0', "file", "abcde", 5);
		ok(read_whole(&archive, &seen) == 0 && seen.size == 30 && seen.data_size == 5 &&
			   seen.last_offset == 22,
		   "a map in records, form 0.%zu", i);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		archive.size = 0;
		add_records(&archive, 'x', wrong[i]);
		(void)add(&archive, '0', "file", "abcde", 5);
		ok(read_whole(&archive, &seen) < 0, "map %zu doesn't fit", i);
	}
	archive.size = 0;
	add_records(&archive, 'x',
		    "GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=30\n");
	(void)add(&archive, '0', "file", map, sizeof(map));
	ok(read_whole(&archive, &seen) == 0 && seen.size == 30 && seen.data_size == 5 &&
		   seen.last_offset == 22,
	   "a map before the data, form 1.0");
}

static void reads_old_maps(void)
{
	struct archive archive = { .size = 0 };
	struct seen seen;
	char *header = add(&archive, 'S', "file", "abcde", 5), *more;

	memcpy(header + 257, "ustar  ", 8);
	(void)snprintf(header + 386, 13, "%011o", 10);
	(void)snprintf(header + 398, 13, "%011o", 3);
	(void)snprintf(header + 410, 13, "%011o", 20);
	(void)snprintf(header + 422, 13, "%011o", 2);
	(void)snprintf(header + 483, 12, "%011o", 30);
	mend(header);
	ok(read_whole(&archive, &seen) == 0 && seen.size == 30 && seen.last_offset == 22,
	   "GNU's old map");
	/* the second row in a block of its own */
	memmove(header + (size_t)2 * TAR_BLOCK, header + TAR_BLOCK, TAR_BLOCK);
	archive.size += TAR_BLOCK;
	more = header + TAR_BLOCK;
	memset(more, 0, TAR_BLOCK);
	memcpy(more, header + 410, 24);
	memset(header + 410, 0, 24);
	header[482] = 1;
	mend(header);
	ok(read_whole(&archive, &seen) == 0 && seen.size == 30 && seen.last_offset == 22,
	   "and one that goes on");
}

static void knows_its_end(void)
{
	struct archive archive = { .size = 0 };
	struct error error;
	struct seen seen;
	unsigned early = 0;

	(void)add(&archive, '0', "file", "data", 4);
	(void)add(&archive, '5', "folder/", NULL, 0);
	for (size_t piece = 1; piece < 1100; piece += 7)
		early += read_it(&archive, piece, true, &seen, &error) < 0 || seen.entries != 2;
	is_int(early, 0, "pieces of any size");
	ok(read_it(&archive, archive.size, false, &seen, &error) < 0,
	   "without its mark it ends early");
	archive.size -= 1;
	ok(read_it(&archive, archive.size, false, &seen, &error) < 0 &&
		   strstr(error.text, "ends early") != NULL,
	   "and in the middle of a header");
	archive.size = 600;
	ok(read_it(&archive, archive.size, false, &seen, &error) < 0 && seen.ends == 1,
	   "in the padding");
	archive.size = 514;
	ok(read_it(&archive, archive.size, false, &seen, &error) < 0 && seen.ends == 0,
	   "in the data");
	archive.size = 0;
	ok(read_it(&archive, 1, false, &seen, &error) < 0, "before it begins");
}

/* Extensions of 1 MiB each, and what comes of them. */
static int read_extensions(char type, unsigned count, struct error *error)
{
	static char nothing[TAR_META_MAX];
	struct archive archive = { .size = 0 };
	struct seen seen = { 0 };
	struct tar_sink sink = { &seen, see_entry, see_data, see_end };
	struct tar_reader reader;
	char *header = add(&archive, type, "extended", NULL, 0);
	int result = 0;

	(void)snprintf(header + 124, 12, "%011o", (unsigned)TAR_META_MAX);
	mend(header);
	*error = (struct error){ 0 };
	tar_begin(&reader, &sink);
	for (unsigned i = 0; i < count && result == 0; i++) {
		result = tar_feed(&reader, archive.bytes, TAR_BLOCK, error);
		if (result == 0)
			result = tar_feed(&reader, nothing, sizeof(nothing), error);
	}
	tar_free(&reader);
	return result;
}

static void bounds_extensions(void)
{
	struct error error;

	for (const char *type = "xgLK"; *type != '\0'; type++) {
		is_int(read_extensions(*type, 3, &error), 0, "3 MiB of extensions before an entry");
		ok(read_extensions(*type, 5, &error) < 0 &&
			   strstr(error.text, "more than 4 MiB") != NULL,
		   "5 MiB are too much");
	}
}

int main(void)
{
	reads_numbers();
	reads_extended_headers();
	refuses_extended_headers();
	reads_long_names();
	reads_maps();
	reads_old_maps();
	knows_its_end();
	bounds_extensions();
	return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* The reader of tar.h: a state machine over the bytes of a stream. All of them may be hostile. */
#include "../init/lib/number.h"
#include "part.h"
#include "tar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define EXTENTS_MAX ((size_t)1 << 20)
#define XATTRS_MAX  1000

/* A header as POSIX has it: offsets and lengths of its fields. GNU's has its sparse map where `prefix` is. */
enum {
	NAME = 0,
	MODE = 100,
	UID = 108,
	GID = 116,
	SIZE = 124,
	MTIME = 136,
	CHECKSUM = 148,
	TYPE = 156,
	LINK = 157,
	MAGIC = 257,
	MAJOR = 329,
	MINOR = 337,
	PREFIX = 345,
	PREFIX_SIZE = 155,
	GNU_SPARSE = 386, /* 4 rows of two numbers of 12 bytes */
	GNU_EXTENDED = 482,
	GNU_REAL_SIZE = 483,
	GNU_MORE_EXTENDED = 504, /* in a block of 21 such rows */
	SHORT_NUMBER = 8,
	LONG_NUMBER = 12,
	NAME_SIZE = 100,
};

void tar_begin(struct tar_reader *reader, const struct tar_sink *sink)
{
	memset(reader, 0, sizeof(*reader));
	reader->sink = sink;
}

void tar_free(struct tar_reader *reader)
{
	arena_free(&reader->memory);
	arena_free(&reader->global_memory);
	free(reader->meta);
	reader->meta = NULL;
}

static int damaged(const struct tar_reader *reader, const char *what, struct error *error)
{
	return error_set(error, 0, "the archive is damaged: %s before byte %llu", what,
			 (unsigned long long)reader->position);
}

static int no_memory(struct error *error)
{
	return error_set(error, -ENOMEM, "cannot read the archive");
}

/* --- the fields of a header ----------------------------------------------------------------------------------------- */

/* Octal digits between spaces, ended by a NUL or a space; or, with the top bit set, a big-endian number (GNU). */
static bool read_number(const char *field, size_t size, int64_t *number)
{
	const unsigned char *bytes = (const unsigned char *)field;
	uint64_t value = 0;
	size_t at = 0;

	if (bytes[0] & 0x80) {
		bool negative = bytes[0] == 0xff;

		for (at = 1; at < size; at++) {
			if (size - at > 8 ? bytes[at] != (negative ? 0xff : 0) : false)
				return false;
			value = value << 8 | bytes[at];
		}
		*number = (int64_t)value;
		/* seven bytes hold no sign of their own */
		if (negative && size - 1 < 8)
			*number = (int64_t)(value | ~(uint64_t)0 << 8 * (size - 1));
		return (bytes[0] == 0x80 || negative) && (*number < 0) == negative;
	}
	while (at < size && field[at] == ' ')
		at++;
	for (; at < size && field[at] >= '0' && field[at] <= '7'; at++)
		value = value << 3 | (uint64_t)(field[at] - '0');
	*number = (int64_t)value; /* 12 digits are 36 bits */
	return at == size || field[at] == ' ' || field[at] == '\0';
}

static bool read_unsigned(const char *field, size_t size, uint64_t *number)
{
	int64_t value;

	if (!read_number(field, size, &value) || value < 0)
		return false;
	*number = (uint64_t)value;
	return true;
}

/* The sum of all bytes with the sum itself as spaces. Some old programs took bytes for signed. */
static bool checksum_holds(const char *block)
{
	int64_t wanted, sum = 0, as_signed = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool is_sum = i >= CHECKSUM && i < CHECKSUM + SHORT_NUMBER;

		sum += is_sum ? ' ' : (unsigned char)block[i];
		as_signed += is_sum ? ' ' : (signed char)block[i];
	}
	return read_number(block + CHECKSUM, SHORT_NUMBER, &wanted) &&
	       (wanted == sum || wanted == as_signed);
}

static bool is_zero(const char *block)
{
	return block[0] == '\0' && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

static const char *copy_field(struct tar_reader *reader, size_t offset, size_t size)
{
	return arena_copy(&reader->memory, reader->block + offset,
			  strnlen(reader->block + offset, size));
}

/* The name in the header: in ustar it may be in two parts. */
static const char *header_name(struct tar_reader *reader)
{
	const char *block = reader->block;
	size_t name = strnlen(block + NAME, NAME_SIZE), prefix = 0;
	char *text;

	if (memcmp(block + MAGIC, "ustar", 6) == 0)
		prefix = strnlen(block + PREFIX, PREFIX_SIZE);
	if (prefix == 0)
		return copy_field(reader, NAME, NAME_SIZE);
	text = arena_take(&reader->memory, prefix + name + 2);
	if (text != NULL)
		(void)snprintf(text, prefix + name + 2, "%.*s/%.*s", (int)prefix, block + PREFIX,
			       (int)name, block + NAME);
	return text;
}

/* --- pax records ---------------------------------------------------------------------------------------------------- */

/* Seconds with a fraction, and perhaps a sign. */
static bool read_time(struct part value, struct timespec *time)
{
	struct part seconds = { NULL, 0 };
	bool negative = value.length > 0 && value.text[0] == '-';
	int64_t whole;
	long nanoseconds = 0, scale = 100000000;

	if (!part_next(&value, '.', &seconds) ||
	    number_parse_i64(seconds.text, seconds.length, INT64_MIN / 4, INT64_MAX / 4, &whole) <
		    0)
		return false;
	for (size_t i = 0; value.text != NULL && i < value.length; i++, scale /= 10) {
		if (value.text[i] < '0' || value.text[i] > '9')
			return false;
		nanoseconds += (value.text[i] - '0') * scale;
	}
	if (negative && nanoseconds > 0) {
		whole -= 1;
		nanoseconds = 1000000000 - nanoseconds;
	}
	*time = (struct timespec){ .tv_sec = whole, .tv_nsec = nanoseconds };
	return true;
}

static bool parse_u64(struct part value, uint64_t *number)
{
	return number_parse_u64(value.text, value.length, INT64_MAX, number) == 0;
}

static int add_extent(struct tar_reader *reader, struct arena *arena, struct tar_pax *pax,
		      struct tar_extent extent, struct error *error)
{
	struct tar_extent *row;
	uint64_t end;

	if (pax->map.count >= EXTENTS_MAX)
		return damaged(reader, "a map of too many holes", error);
	if (__builtin_add_overflow(extent.offset, extent.size, &end) || end > INT64_MAX ||
	    (pax->map.count > 0 && extent.offset < pax->map.rows[pax->map.count - 1].offset +
							   pax->map.rows[pax->map.count - 1].size))
		return damaged(reader, "a map of holes without order", error);
	row = ARENA_APPEND(arena, &pax->map);
	if (row == NULL)
		return no_memory(error);
	*row = extent;
	return 0;
}

/* "offset,size,offset,size" */
static int read_map(struct tar_reader *reader, struct arena *arena, struct tar_pax *pax,
		    struct part value, struct error *error)
{
	struct part offset, size;
	struct tar_extent extent;

	pax->map.count = 0;
	while (value.length > 0 && part_next(&value, ',', &offset)) {
		if (!part_next(&value, ',', &size) || !parse_u64(offset, &extent.offset) ||
		    !parse_u64(size, &extent.size))
			return damaged(reader, "a map of holes that isn't one", error);
		if (add_extent(reader, arena, pax, extent, error) < 0)
			return -1;
	}
	return 0;
}

static int read_sparse(struct tar_reader *reader, struct arena *arena, struct tar_pax *pax,
		       struct part key, struct part value, struct error *error)
{
	uint64_t number = 0;

	if (part_is(key, "map")) {
		pax->sparse = 2;
		return read_map(reader, arena, pax, value, error);
	}
	if (part_is(key, "name")) {
		pax->sparse_name = arena_copy(arena, value.text, value.length);
		return pax->sparse_name != NULL ? 0 : no_memory(error);
	}
	if (!parse_u64(value, &number))
		return damaged(reader, "a number that isn't one", error);
	if (part_is(key, "size") || part_is(key, "realsize")) {
		pax->has_sparse_size = true;
		pax->sparse_size = number;
	} else if (part_is(key, "major") && number == 1) {
		pax->sparse = 3;
	} else if (part_is(key, "numblocks")) {
		pax->sparse = pax->sparse == 0 ? 1 : pax->sparse;
	} else if (part_is(key, "offset")) {
		pax->sparse_offset = number;
	} else if (part_is(key, "numbytes")) {
		return add_extent(reader, arena, pax,
				  (struct tar_extent){ pax->sparse_offset, number }, error);
	}
	return 0;
}

static int add_xattr(struct tar_reader *reader, struct arena *arena, struct tar_pax *pax,
		     struct part name, struct part value, struct error *error)
{
	struct tar_xattr *row;

	if (pax->xattrs.count >= XATTRS_MAX || value.length > TAR_XATTR_MAX || name.length > 255)
		return damaged(reader, "an attribute that is too large", error);
	row = ARENA_APPEND(arena, &pax->xattrs);
	if (row == NULL)
		return no_memory(error);
	row->name = arena_copy(arena, name.text, name.length);
	row->value = arena_copy(arena, value.text, value.length);
	row->size = value.length;
	return row->name != NULL && row->value != NULL ? 0 : no_memory(error);
}

static int read_record(struct tar_reader *reader, struct arena *arena, struct tar_pax *pax,
		       struct part key, struct part value, struct error *error)
{
	static const char xattr[] = "SCHILY.xattr.", sparse[] = "GNU.sparse.";
	bool good = true;

	if (part_is(key, "path") || part_is(key, "linkpath")) {
		const char *text =
			value.length == 0 ? NULL : arena_copy(arena, value.text, value.length);

		if (value.length > 0 && text == NULL)
			return no_memory(error);
		*(key.length == 4 ? &pax->path : &pax->linkpath) = text;
		good = memchr(value.text, '\0', value.length) == NULL;
	} else if (part_is(key, "size")) {
		pax->has_size = value.length > 0;
		good = value.length == 0 || parse_u64(value, &pax->size);
	} else if (part_is(key, "uid")) {
		pax->has_uid = value.length > 0;
		good = value.length == 0 || parse_u64(value, &pax->uid);
	} else if (part_is(key, "gid")) {
		pax->has_gid = value.length > 0;
		good = value.length == 0 || parse_u64(value, &pax->gid);
	} else if (part_is(key, "mtime")) {
		pax->has_mtime = value.length > 0;
		good = value.length == 0 || read_time(value, &pax->mtime);
	} else if (key.length > sizeof(xattr) - 1 &&
		   memcmp(key.text, xattr, sizeof(xattr) - 1) == 0) {
		key.text += sizeof(xattr) - 1;
		key.length -= sizeof(xattr) - 1;
		return add_xattr(reader, arena, pax, key, value, error);
	} else if (key.length > sizeof(sparse) - 1 &&
		   memcmp(key.text, sparse, sizeof(sparse) - 1) == 0) {
		key.text += sizeof(sparse) - 1;
		key.length -= sizeof(sparse) - 1;
		return read_sparse(reader, arena, pax, key, value, error);
	}
	return good ? 0 : damaged(reader, "an extended header that isn't one", error);
}

/* "LENGTH KEY=VALUE\n", as often as it goes. LENGTH counts all of it, its own digits too. */
static int read_records(struct tar_reader *reader, struct arena *arena, struct tar_pax *pax,
			struct error *error)
{
	const char *at = reader->meta, *end = reader->meta + reader->used;

	while (at < end && *at != '\0') {
		const char *space = memchr(at, ' ', (size_t)(end - at)), *equal;
		struct part key, value;
		uint64_t length;

		if (space == NULL ||
		    number_parse_u64(at, (size_t)(space - at), (uint64_t)(end - at), &length) < 0 ||
		    length < (uint64_t)(space - at) + 3 || at[length - 1] != '\n')
			return damaged(reader, "an extended header that isn't one", error);
		space++;
		equal = memchr(space, '=', (size_t)(at + length - 1 - space));
		if (equal == NULL)
			return damaged(reader, "an extended header that isn't one", error);
		key = (struct part){ space, (size_t)(equal - space) };
		value = (struct part){ equal + 1, (size_t)(at + length - 1 - (equal + 1)) };
		if (read_record(reader, arena, pax, key, value, error) < 0)
			return -1;
		at += length;
	}
	return 0;
}

/* --- extensions ----------------------------------------------------------------------------------------------------- */

/* Forgets what the last entry was about. */
static void reset_entry(struct tar_reader *reader)
{
	arena_free(&reader->memory);
	reader->sum = 0;
	reader->pax = reader->global;
	reader->long_name = reader->long_link = NULL;
	reader->in_entry = false;
}

static int begin_meta(struct tar_reader *reader, char kind, uint64_t size, struct error *error)
{
	uint64_t *sum = kind == 'g' ? &reader->global_sum : &reader->sum;

	if (size > TAR_META_MAX)
		return damaged(reader, "an extended header of more than 1 MiB", error);
	/* what is kept of them is kept until the entry's end, or that of all */
	*sum += TAR_BLOCK + size;
	if (*sum > TAR_METAS_MAX)
		return damaged(reader, "more than 4 MiB of extended headers", error);
	if (size + 1 > reader->meta_size) {
		char *larger = realloc(reader->meta, size + 1);

		if (larger == NULL)
			return no_memory(error);
		reader->meta = larger;
		reader->meta_size = size + 1;
	}
	reader->meta_kind = kind;
	reader->used = 0;
	reader->left = size;
	reader->padding = (size_t)(-size % TAR_BLOCK);
	reader->state = TAR_AT_META;
	return 0;
}

static int end_meta(struct tar_reader *reader, struct error *error)
{
	const char **text = reader->meta_kind == 'L' ? &reader->long_name : &reader->long_link;
	int result = 0;

	reader->meta[reader->used] = '\0';
	if (reader->meta_kind == 'x') {
		result = read_records(reader, &reader->memory, &reader->pax, error);
	} else if (reader->meta_kind == 'g') {
		result = read_records(reader, &reader->global_memory, &reader->global, error);
		/* it is for what follows; a local header comes after it */
		reader->pax = reader->global;
	} else {
		*text = arena_copy(&reader->memory, reader->meta, strlen(reader->meta));
		result = *text != NULL ? 0 : no_memory(error);
	}
	reader->used = 0;
	reader->state = TAR_AT_PADDING;
	return result;
}

/* --- entries -------------------------------------------------------------------------------------------------------- */

static int set_name(struct tar_reader *reader, struct error *error)
{
	struct tar_entry *entry = &reader->entry;
	const struct tar_pax *pax = &reader->pax;
	size_t length;

	entry->name = pax->sparse_name != NULL    ? pax->sparse_name
		      : pax->path != NULL         ? pax->path
		      : reader->long_name != NULL ? reader->long_name
						  : header_name(reader);
	entry->link = pax->linkpath != NULL       ? pax->linkpath
		      : reader->long_link != NULL ? reader->long_link
						  : copy_field(reader, LINK, NAME_SIZE);
	if (entry->name == NULL || entry->link == NULL)
		return no_memory(error);
	length = strlen(entry->name) > strlen(entry->link) ? strlen(entry->name)
							   : strlen(entry->link);
	if (length > TAR_NAME_MAX)
		return error_set(error, 0, "the archive has a name of %zu bytes: '%.60s...'",
				 length, strlen(entry->name) == length ? entry->name : entry->link);
	return 0;
}

static int set_numbers(struct tar_reader *reader, uint64_t *stored, struct error *error)
{
	struct tar_entry *entry = &reader->entry;
	const struct tar_pax *pax = &reader->pax;
	const char *block = reader->block;
	bool is_device = entry->kind == TAR_CHARACTER || entry->kind == TAR_BLOCK_DEVICE;
	uint64_t mode, major = 0, minor = 0;
	int64_t mtime;
	bool good = read_unsigned(block + MODE, SHORT_NUMBER, &mode);

	good = good && (pax->has_uid || read_unsigned(block + UID, SHORT_NUMBER, &entry->uid));
	good = good && (pax->has_gid || read_unsigned(block + GID, SHORT_NUMBER, &entry->gid));
	good = good && (pax->has_size || read_unsigned(block + SIZE, LONG_NUMBER, stored));
	good = good && read_number(block + MTIME, LONG_NUMBER, &mtime);
	if (good && is_device)
		good = read_unsigned(block + MAJOR, SHORT_NUMBER, &major) &&
		       read_unsigned(block + MINOR, SHORT_NUMBER, &minor) && major < 1 << 12 &&
		       minor < 1 << 20;
	if (!good)
		return damaged(reader, "a header with a number that isn't one", error);
	entry->mode = (uint32_t)(mode & 07777);
	entry->major = (uint32_t)major;
	entry->minor = (uint32_t)minor;
	entry->mtime = pax->has_mtime ? pax->mtime : (struct timespec){ .tv_sec = mtime };
	if (pax->has_uid)
		entry->uid = pax->uid;
	if (pax->has_gid)
		entry->gid = pax->gid;
	if (pax->has_size)
		*stored = pax->size;
	return 0;
}

/* Whether the map fits the file, and the data the map. */
static int check_map(const struct tar_reader *reader, struct error *error)
{
	const struct tar_pax *pax = &reader->pax;
	uint64_t sum = 0;

	for (size_t i = 0; i < pax->map.count; i++)
		sum += pax->map.rows[i].size; /* in order and below 2^63, so no overflow */
	if (sum != reader->left ||
	    (pax->map.count > 0 &&
	     pax->map.rows[pax->map.count - 1].offset + pax->map.rows[pax->map.count - 1].size >
		     reader->entry.size))
		return damaged(reader, "a map of holes that doesn't fit its file", error);
	return 0;
}

/* The map is complete: data comes, or nothing does. */
static int begin_data(struct tar_reader *reader, struct error *error)
{
	reader->extent = 0;
	reader->extent_done = 0;
	reader->used = 0;
	reader->state = TAR_AT_DATA;
	return reader->pax.sparse != 0 ? check_map(reader, error) : 0;
}

/* Up to `rows` pairs of GNU's old form: a row without a size ends the map. */
static int read_old_rows(struct tar_reader *reader, size_t offset, size_t rows, struct error *error)
{
	for (size_t i = 0; i < rows; i++, offset += (size_t)2 * LONG_NUMBER) {
		const char *at = reader->block + offset;
		struct tar_extent extent;

		if (at[0] == '\0')
			break;
		if (!read_unsigned(at, LONG_NUMBER, &extent.offset) ||
		    !read_unsigned(at + LONG_NUMBER, LONG_NUMBER, &extent.size))
			return damaged(reader, "a map of holes that isn't one", error);
		if (add_extent(reader, &reader->memory, &reader->pax, extent, error) < 0)
			return -1;
	}
	return 0;
}

static int begin_old_sparse(struct tar_reader *reader, struct error *error)
{
	const char *block = reader->block;

	reader->pax.sparse = 1;
	reader->pax.map.rows = NULL;
	reader->pax.map.count = 0;
	if (!read_unsigned(block + GNU_REAL_SIZE, LONG_NUMBER, &reader->entry.size))
		return damaged(reader, "a sparse file without a size", error);
	if (read_old_rows(reader, GNU_SPARSE, 4, error) < 0)
		return -1;
	if (block[GNU_EXTENDED] == '\0')
		return begin_data(reader, error);
	reader->used = 0;
	reader->state = TAR_AT_OLD_SPARSE;
	return 0;
}

static int continue_old_sparse(struct tar_reader *reader, struct error *error)
{
	reader->used = 0;
	if (read_old_rows(reader, 0, 21, error) < 0)
		return -1;
	return reader->block[GNU_MORE_EXTENDED] == '\0' ? begin_data(reader, error) : 0;
}

static int begin_map(struct tar_reader *reader)
{
	reader->pax.map.rows = NULL;
	reader->pax.map.count = 0;
	reader->map_number = reader->map_left = reader->map_bytes = 0;
	reader->map_has_digit = reader->map_has_count = false;
	reader->state = TAR_AT_MAP;
	return 0;
}

static int end_entry(struct tar_reader *reader, struct error *error)
{
	int result = reader->in_entry ? reader->sink->end(reader->sink->context, error) : 0;

	reset_entry(reader);
	reader->state = TAR_AT_PADDING;
	return result;
}

static int begin_entry(struct tar_reader *reader, enum tar_kind kind, bool old_sparse,
		       struct error *error)
{
	struct tar_entry *entry = &reader->entry;
	uint64_t stored = 0;

	memset(entry, 0, sizeof(*entry));
	entry->kind = kind;
	entry->xattrs = reader->pax.xattrs;
	if (set_name(reader, error) < 0 || set_numbers(reader, &stored, error) < 0)
		return -1;
	/* what went before pax marked a directory by the slash */
	if (kind == TAR_FILE && entry->name[0] != '\0' &&
	    entry->name[strlen(entry->name) - 1] == '/')
		entry->kind = TAR_DIRECTORY;
	if (entry->kind != TAR_FILE)
		stored = 0;
	if (entry->kind != TAR_FILE || (reader->pax.sparse != 0 && !reader->pax.has_sparse_size))
		reader->pax.sparse = 0;
	entry->size = reader->pax.sparse != 0 ? reader->pax.sparse_size : stored;
	reader->left = stored;
	reader->padding = (size_t)(-stored % TAR_BLOCK);
	if (old_sparse && begin_old_sparse(reader, error) < 0)
		return -1;
	reader->in_entry = true;
	if (reader->sink->entry(reader->sink->context, entry, error) < 0)
		return -1;
	if (old_sparse)
		return 0;
	return reader->pax.sparse == 3 ? begin_map(reader) : begin_data(reader, error);
}

/* What is no entry: a label, the list of an incremental backup. */
static int skip_entry(struct tar_reader *reader, struct error *error)
{
	if (!read_unsigned(reader->block + SIZE, LONG_NUMBER, &reader->left))
		return damaged(reader, "a header with a number that isn't one", error);
	reader->padding = (size_t)(-reader->left % TAR_BLOCK);
	reader->pax.sparse = 0;
	reader->in_entry = false;
	reader->state = TAR_AT_DATA;
	return 0;
}

static int read_header(struct tar_reader *reader, struct error *error)
{
	char type = reader->block[TYPE];
	uint64_t size;

	reader->used = 0;
	if (is_zero(reader->block)) {
		reader->state = TAR_AT_END;
		return 0;
	}
	if (!checksum_holds(reader->block))
		return reader->position <= TAR_BLOCK
			       ? error_set(error, 0, "it is not a tar archive")
			       : damaged(reader, "a header with a wrong checksum", error);
	switch (type) {
	case 'x':
	case 'g':
	case 'L':
	case 'K':
		if (!read_unsigned(reader->block + SIZE, LONG_NUMBER, &size))
			return damaged(reader, "a header with a number that isn't one", error);
		return begin_meta(reader, type, size, error);
	case '\0':
	case '0':
	case '7':
		return begin_entry(reader, TAR_FILE, false, error);
	case 'S':
		return begin_entry(reader, TAR_FILE, true, error);
	case 'V':
	case 'D':
		return skip_entry(reader, error);
	default:
		break;
	}
	if (type >= '1' && type <= '6')
		return begin_entry(reader, (enum tar_kind)(type - '0'), false, error);
	return error_set(error, 0, "the archive has an entry of a type that is not known: %u",
			 (unsigned)(unsigned char)type);
}
_Static_assert(TAR_HARDLINK == 1 && TAR_SYMLINK == 2 && TAR_CHARACTER == 3 &&
		       TAR_BLOCK_DEVICE == 4 && TAR_DIRECTORY == 5 && TAR_FIFO == 6,
	       "as the type in a header");

/* --- payloads ------------------------------------------------------------------------------------------------------- */

/* Bytes of the file, to where the map says they belong. Returns how many were used. */
static ssize_t pass_data(struct tar_reader *reader, const char *bytes, size_t size,
			 struct error *error)
{
	const struct tar_pax *pax = &reader->pax;
	uint64_t offset = reader->entry.size - reader->left;

	if (!reader->in_entry)
		return (ssize_t)size;
	if (pax->sparse != 0) {
		const struct tar_extent *extent = &pax->map.rows[reader->extent];

		/* check_map() has seen to it that there is one for all that is left */
		while (reader->extent_done == extent->size) {
			extent = &pax->map.rows[++reader->extent];
			reader->extent_done = 0;
		}
		if (size > extent->size - reader->extent_done)
			size = (size_t)(extent->size - reader->extent_done);
		offset = extent->offset + reader->extent_done;
		reader->extent_done += size;
	}
	return reader->sink->data(reader->sink->context, offset, bytes, size, error) < 0
		       ? -1
		       : (ssize_t)size;
}

/* One number of a map is complete: first comes their count, then offset and size in turn. */
static int take_map_number(struct tar_reader *reader, struct error *error)
{
	uint64_t number = reader->map_number;

	if (!reader->map_has_digit)
		return damaged(reader, "a map of holes that isn't one", error);
	reader->map_number = 0;
	reader->map_has_digit = false;
	if (!reader->map_has_count) {
		if (number > EXTENTS_MAX)
			return damaged(reader, "a map of too many holes", error);
		reader->map_has_count = true;
		reader->map_left = number * 2;
		return 0;
	}
	if (reader->map_left-- % 2 == 1)
		return add_extent(reader, &reader->memory, &reader->pax,
				  (struct tar_extent){ reader->pax.sparse_offset, number }, error);
	reader->pax.sparse_offset = number;
	return 0;
}

static int take_map_digit(struct tar_reader *reader, char c, struct error *error)
{
	if (c == '\n')
		return take_map_number(reader, error);
	if (c < '0' || c > '9' || reader->map_number > INT64_MAX / 10 - 1)
		return damaged(reader, "a map of holes that isn't one", error);
	reader->map_number = reader->map_number * 10 + (uint64_t)(c - '0');
	reader->map_has_digit = true;
	return 0;
}

/* The map is text, filled up to a whole block. Returns how many bytes were used. */
static ssize_t take_map(struct tar_reader *reader, const char *bytes, size_t size,
			struct error *error)
{
	for (size_t i = 0; i < size; i++) {
		bool is_done = reader->map_has_count && reader->map_left == 0;

		if (is_done && reader->map_bytes % TAR_BLOCK == 0)
			return begin_data(reader, error) < 0 ? -1 : (ssize_t)i;
		if (reader->left == 0)
			return damaged(reader, "a map of holes that doesn't fit its file", error);
		reader->left--;
		reader->map_bytes++;
		if (!is_done && take_map_digit(reader, bytes[i], error) < 0)
			return -1;
	}
	return (ssize_t)size;
}

/* Takes what it can of the bytes. Returns how many, or a negative number. */
static ssize_t take(struct tar_reader *reader, const char *bytes, size_t size, struct error *error)
{
	size_t room = TAR_BLOCK - reader->used;

	switch (reader->state) {
	case TAR_AT_HEADER:
	case TAR_AT_OLD_SPARSE:
		size = size < room ? size : room;
		memcpy(reader->block + reader->used, bytes, size);
		reader->used += size;
		return (ssize_t)size;
	case TAR_AT_META:
		size = size < reader->left ? size : (size_t)reader->left;
		memcpy(reader->meta + reader->used, bytes, size);
		reader->used += size;
		reader->left -= size;
		return (ssize_t)size;
	case TAR_AT_MAP:
		return take_map(reader, bytes, size, error);
	case TAR_AT_DATA: {
		ssize_t done = pass_data(reader, bytes,
					 size < reader->left ? size : (size_t)reader->left, error);

		reader->left -= done > 0 ? (uint64_t)done : 0;
		return done;
	}
	case TAR_AT_PADDING:
		size = size < reader->padding ? size : reader->padding;
		reader->padding -= size;
		return (ssize_t)size;
	case TAR_AT_END:
		break;
	}
	return (ssize_t)size;
}

/* Goes on from one state to the next for as long as that takes no bytes. */
static int settle(struct tar_reader *reader, struct error *error)
{
	int result = 0;

	while (result >= 0) {
		switch (reader->state) {
		case TAR_AT_HEADER:
			if (reader->used < TAR_BLOCK)
				return 0;
			result = read_header(reader, error);
			break;
		case TAR_AT_OLD_SPARSE:
			if (reader->used < TAR_BLOCK)
				return 0;
			result = continue_old_sparse(reader, error);
			break;
		case TAR_AT_META:
			if (reader->left > 0)
				return 0;
			result = end_meta(reader, error);
			break;
		case TAR_AT_DATA:
			if (reader->left > 0)
				return 0;
			result = end_entry(reader, error);
			break;
		case TAR_AT_PADDING:
			if (reader->padding > 0)
				return 0;
			reader->state = TAR_AT_HEADER;
			break;
		case TAR_AT_MAP:
			if (!reader->map_has_count || reader->map_left > 0 || reader->left > 0)
				return 0;
			result = begin_data(reader, error); /* a file that is one hole */
			break;
		case TAR_AT_END:
			return 0;
		}
	}
	return result;
}

int tar_feed(struct tar_reader *reader, const char *bytes, size_t size, struct error *error)
{
	while (size > 0) {
		ssize_t done = take(reader, bytes, size, error);

		if (done < 0)
			return -1;
		bytes += done;
		size -= (size_t)done;
		reader->position += (uint64_t)done;
		if (settle(reader, error) < 0)
			return -1;
	}
	return 0;
}

int tar_end(const struct tar_reader *reader, bool whole, struct error *error)
{
	if (reader->state == TAR_AT_END)
		return 0;
	if (reader->position == 0)
		return error_set(error, 0, "it is empty: not a tar archive");
	if (reader->state == TAR_AT_HEADER && reader->used == 0 && whole)
		return 0;
	if (reader->position < TAR_BLOCK)
		return error_set(error, 0, "it is not a tar archive");
	return error_hint(error,
			  error_set(error, 0, "the archive ends early, after byte %llu",
				    (unsigned long long)reader->position),
			  "it is cut off: get it once more");
}

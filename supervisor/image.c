/* SPDX-License-Identifier: MIT */
/* See image.h. */
#include "image.h"

#include "../init/lib/fd.h"
#include "../init/lib/number.h"
#include "file.h"
#include "nearest.h"
#include "part.h"
#include "sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX   ((size_t)1 << 20)
#define PART_MAX   63 /* of a name, on each side of the colon */
#define DIGEST_MIN 6  /* digits by which an image can be called */

void image_init(struct image *image)
{
	memset(image, 0, sizeof(*image));
}

void image_free(struct image *image)
{
	for (size_t i = 0; i < image->layers.count; i++)
		fd_close(&image->layers.rows[i].fs);
	arena_free(&image->memory);
	image_init(image);
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* [a-z0-9][a-zA-Z0-9_.-]*, where a tag may begin with a capital, too */
static bool is_name_part(const char *text, size_t length, bool is_tag)
{
	if (length == 0 || length > PART_MAX ||
	    !(is_lower(text[0]) || (is_tag && text[0] >= 'A' && text[0] <= 'Z')))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_lower(text[i]) && !(text[i] >= 'A' && text[i] <= 'Z') &&
		    strchr("_.-", text[i]) == NULL)
			return false;
	return true;
}

/* Writes it without ":latest". */
static bool write_name(char name[IMAGE_NAME_SIZE], const char *word)
{
	const char *colon = strchr(word, ':');
	size_t length = colon != NULL ? (size_t)(colon - word) : strlen(word);

	if (!is_name_part(word, length, false) ||
	    (colon != NULL && !is_name_part(colon + 1, strlen(colon + 1), true)))
		return false;
	if (colon != NULL && strcmp(colon, ":latest") == 0)
		colon = NULL;
	(void)snprintf(name, IMAGE_NAME_SIZE, "%.*s%s", (int)length, word,
		       colon != NULL ? colon : "");
	return true;
}

int image_name(char name[IMAGE_NAME_SIZE], const char *word, struct error *error)
{
	if (write_name(name, word))
		return 0;
	return error_hint(
		error, error_set(error, 0, "'%.140s' is not a name for an image", word),
		"it is NAME or NAME:TAG: a small letter or digit, then letters, digits, '_', '.', '-', 63 at most");
}

/* --- the text ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	size_t field;
	bool is_list;
} keys[] = {
	{ "entrypoint", offsetof(struct image_config, entrypoint), true },
	{ "command", offsetof(struct image_config, command), true },
	{ "env", offsetof(struct image_config, env), true },
	{ "expose", offsetof(struct image_config, expose), true },
	{ "volume", offsetof(struct image_config, volumes), true },
	{ "label", offsetof(struct image_config, labels), true },
	{ "user", offsetof(struct image_config, user), false },
	{ "workdir", offsetof(struct image_config, workdir), false },
	{ "stop-signal", offsetof(struct image_config, stop_signal), false },
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* "a\nb" as it is in the text becomes two lines again. */
static const char *unescape(struct arena *arena, struct part value)
{
	char *text = arena_copy(arena, value.text, value.length);
	size_t used = 0;

	for (size_t i = 0; text != NULL && i < value.length; i++) {
		char c = value.text[i];

		if (c == '\\' && i + 1 < value.length)
			c = value.text[++i] == 'n' ? '\n' : value.text[i];
		text[used++] = c;
	}
	if (text != NULL)
		text[used] = '\0';
	return text;
}

bool image_is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

static int add_layer(struct image *image, struct part value)
{
	struct image_layer *layer;

	if (value.length != STORE_HEX_SIZE - 1 || !image_is_hex(value.text, value.length) ||
	    image->layers.count >= IMAGE_LAYERS_MAX)
		return -EINVAL;
	layer = ARENA_APPEND(&image->memory, &image->layers);
	if (layer == NULL)
		return -ENOMEM;
	layer->fs = -1;
	memcpy(layer->hex, value.text, value.length);
	return 0;
}

static int add_value(struct image *image, struct part key, struct part value)
{
	char *config = (char *)&image->config;
	const char *text;

	if (part_is(key, "layer"))
		return add_layer(image, value);
	text = unescape(&image->memory, value);
	if (text == NULL)
		return -ENOMEM;
	if (part_is(key, "created"))
		image->created = text;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const char **single = (const char **)(void *)(config + keys[i].field);

		if (!part_is(key, keys[i].key))
			continue;
		if (keys[i].is_list) {
			struct image_words *list = (void *)(config + keys[i].field);

			single = ARENA_APPEND(&image->memory, list);
		}
		if (single == NULL)
			return -ENOMEM;
		*single = text;
	}
	return 0; /* a key of a later version says something that this one can do without */
}

int image_parse(struct image *image, const char *text, size_t length)
{
	struct part rest = { text, length }, line, key;
	bool has_version = false;
	int result = 0;

	while (result == 0 && part_next(&rest, '\n', &line)) {
		if (line.length == 0)
			continue;
		if (!part_next(&line, ' ', &key) || line.text == NULL)
			return -EINVAL;
		if (!has_version && !(part_is(key, "version") && part_is(line, "1")))
			return -EINVAL;
		has_version = true;
		result = add_value(image, key, line);
	}
	return result == 0 && !has_version ? -EINVAL : result;
}

/* --- writing it ----------------------------------------------------------------------------------------------------- */

static void add_line(FILE *file, const char *key, const char *value)
{
	(void)fprintf(file, "%s ", key);
	for (; *value != '\0'; value++) {
		if (*value == '\n' || *value == '\\')
			(void)fputc('\\', file);
		(void)fputc(*value == '\n' ? 'n' : *value, file);
	}
	(void)fputc('\n', file);
}

static void add_config(FILE *file, const struct image_config *config)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const void *field = (const char *)config + keys[i].field;
		const char *const *single = field;
		const struct image_words *list = field;

		if (!keys[i].is_list && *single != NULL)
			add_line(file, keys[i].key, *single);
		for (size_t k = 0; keys[i].is_list && k < list->count; k++)
			add_line(file, keys[i].key, list->rows[k]);
	}
}

/*
 * Seconds since 1970 as RFC 3339 has them. Years begin in March here, so that a leap day is the last one of its year; libc's way
 * would bring the rules of all time zones along.
 */
static void write_date(char text[32], int64_t now)
{
	int64_t days = now / 86400 + 719468, rest = now % 86400; /* from 0000-03-01 */
	int64_t era = days / 146097, day = days % 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t in_year = day - (year * 365 + year / 4 - year / 100);
	int64_t month = (in_year * 5 + 2) / 153, in_month = in_year - (month * 153 + 2) / 5 + 1;

	month += month < 10 ? 3 : -9;
	(void)snprintf(text, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		       (int)(era * 400 + year + (month <= 2)), (int)month, (int)in_month,
		       (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

/* The text; *text is the caller's to free. The digest is of all but the line `created`. */
static int write_text(struct image *image, char **text, size_t *size)
{
	FILE *file = open_memstream(text, size);
	struct sha256 hash;
	char date[32];

	if (file == NULL)
		return -ENOMEM;
	(void)fprintf(file, "version 1\n");
	for (size_t i = 0; i < image->layers.count; i++)
		(void)fprintf(file, "layer %s\n", image->layers.rows[i].hex);
	add_config(file, &image->config);
	(void)fflush(file);
	if (!ferror(file)) {
		sha256_begin(&hash);
		sha256_add(&hash, *text, *size);
		sha256_end(&hash, image->digest);
	}
	if (image->created == NULL) {
		write_date(date, time(NULL));
		image->created = arena_copy(&image->memory, date, strlen(date));
	}
	add_line(file, "created", image->created != NULL ? image->created : "");
	return ferror(file) | fclose(file) ? -ENOMEM : 0;
}

int image_write(struct store *store, struct store_work *work, struct image *image,
		struct error *error)
{
	char *text = NULL;
	size_t size = 0;
	int result = write_text(image, &text, &size);

	if (result == 0 && size > TEXT_MAX)
		result = -EFBIG;
	if (result == 0 && store_lock(store, LOCK_EX, error) < 0) {
		free(text);
		return -1;
	}
	if (result == 0) {
		result = store_put(work, store->folders[STORE_IMAGES], image->name, text, size);
		store_unlock(store);
	}
	free(text);
	return result < 0 ? error_set(error, result, "cannot write image '%s'", image->name) : 0;
}

/* --- finding -------------------------------------------------------------------------------------------------------- */

/* The digest that write_text() gave it. */
static void digest_of(const char *text, char hex[STORE_HEX_SIZE])
{
	const char *created = strstr(text, "\ncreated ");
	struct sha256 hash;

	sha256_begin(&hash);
	sha256_add(&hash, text, created != NULL ? (size_t)(created + 1 - text) : strlen(text));
	sha256_end(&hash, hex);
}

/* Reads images/NAME into `image`: 0 or -errno, -EINVAL for a text that isn't one of an image. */
int image_read(const struct store *store, const char *name, struct image *image)
{
	int folder = store->folders[STORE_IMAGES];
	FD int fd = folder < 0 ? -ENOENT
			       : sys_openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	char *text = NULL;
	ssize_t size = fd < 0 ? fd : file_read(&image->memory, fd, TEXT_MAX, &text);
	int result = size < 0 ? (int)size : image_parse(image, text, (size_t)size);

	if (result < 0)
		return result;
	(void)snprintf(image->name, sizeof(image->name), "%s", name);
	digest_of(text, image->digest);
	return 0;
}

/* Looking for a word among all images. */
struct search {
	const struct store *store;
	const char *word, *digits; /* the hexadecimal digits in it, or NULL */
	size_t matches, count;
	char match[IMAGE_NAME_SIZE], other[IMAGE_NAME_SIZE], nearest[IMAGE_NAME_SIZE];
	unsigned best;
};

static void compare_digest(struct search *search, const char *name)
{
	struct image image;

	image_init(&image);
	if (image_read(search->store, name, &image) == 0 &&
	    strncmp(image.digest, search->digits, strlen(search->digits)) == 0) {
		memcpy(search->other, search->match, sizeof(search->other));
		(void)snprintf(search->match, sizeof(search->match), "%s", name);
		search->matches++;
	}
	image_free(&image);
}

static int look_at(void *context, const char *name)
{
	struct search *search = context;
	unsigned distance = nearest_distance(search->word, strlen(search->word), name);

	search->count++;
	if (distance < search->best) {
		search->best = distance;
		(void)snprintf(search->nearest, sizeof(search->nearest), "%s", name);
	}
	if (search->digits != NULL)
		compare_digest(search, name);
	return 0;
}

static int refuse_missing(const struct search *search, struct error *error)
{
	int result = error_set(error, 0, "there is no image '%.140s' in the store '%s'",
			       search->word, search->store->path);

	(void)result;
	if (search->best < NEAREST_NONE)
		(void)error_hint(error, 0, "did you mean '%s'? 'sv image ls' lists them all",
				 search->nearest);
	else if (search->count > 0)
		(void)error_hint(error, 0, "'sv image ls' lists them all");
	else
		(void)error_hint(error, 0, "the store is empty: see 'sv image --help'");
	return -ENOENT;
}

int image_resolve(const struct store *store, const char *word, char name[IMAGE_NAME_SIZE],
		  struct error *error)
{
	struct search search = { .store = store, .word = word, .best = NEAREST_NONE };
	const char *digits = strncmp(word, "sha256:", 7) == 0 ? word + 7 : word;
	int folder = store->folders[STORE_IMAGES];
	struct stat status;

	if (write_name(name, word) && folder >= 0 &&
	    sys_fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (strlen(digits) >= DIGEST_MIN && image_is_hex(digits, strlen(digits)))
		search.digits = digits;
	(void)store_each(folder, look_at, &search);
	if (search.matches == 1) {
		memcpy(name, search.match, IMAGE_NAME_SIZE);
		return 0;
	}
	if (search.matches == 0)
		return refuse_missing(&search, error);
	return error_hint(error,
			  error_set(error, 0, "'%.70s' is ambiguous: images '%s' and '%s' begin so",
				    word, search.other, search.match),
			  "give more digits, or the name");
}

/* "size 1234" */
uint64_t image_layer_size(int folder, const char *hex)
{
	char path[STORE_HEX_SIZE + 8], text[64] = "";
	uint64_t size = 0;
	FD int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/layer", hex);
	fd = sys_openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd >= 0 && sys_read(fd, text, sizeof(text) - 1) > 5)
		(void)number_parse_u64(text + 5, strcspn(text + 5, "\n"), UINT64_MAX, &size);
	return size;
}

int image_open_layers(const struct store *store, struct image *image, struct error *error)
{
	int folder = store->folders[STORE_LAYERS];

	for (size_t i = 0; i < image->layers.count; i++) {
		struct image_layer *layer = &image->layers.rows[i];
		char path[STORE_HEX_SIZE + 4];

		(void)snprintf(path, sizeof(path), "%s/fs", layer->hex);
		layer->fs = folder < 0
				    ? -ENOENT
				    : sys_openat(folder, path,
						 O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
		if (layer->fs < 0)
			return error_hint(error,
					  error_set(error, layer->fs,
						    "image '%s' lacks its layer %.12s", image->name,
						    layer->hex),
					  "import it again");
		layer->size = image_layer_size(folder, layer->hex);
	}
	return 0;
}

int image_find(struct store *store, const char *word, struct image *image, struct error *error)
{
	char name[IMAGE_NAME_SIZE];
	int result = image_resolve(store, word, name, error);

	if (result < 0)
		return result;
	result = image_read(store, name, image);
	if (result == -EINVAL)
		return error_set(error, 0, "'%s/images/%s' is not the text of an image",
				 store->path, name);
	if (result < 0)
		return error_set(error, result, "cannot read image '%s'", name);
	return image_open_layers(store, image, error);
}

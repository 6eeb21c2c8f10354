/* SPDX-License-Identifier: MIT */
/* See image_import.h. An archive is unpacked first; if it then looks like an image's, that is read from what was unpacked. */
#include "image_import.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "json.h"
#include "layer.h"
#include "stream.h"

#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#define JSON_MAX    ((size_t)16 << 20)
#define BUFFER_SIZE ((size_t)64 << 10)
#define NESTED_MAX  4 /* indexes in indexes */
#define UNPACKED    "archive"
#define TRIES       1000
#define OCI_REF     "org.opencontainers.image.ref.name"
#define DOCKER_NAME "io.containerd.image.name"

#if defined(__x86_64__)
# define MACHINE "amd64"
#elif defined(__aarch64__)
# define MACHINE "arm64"
#endif

/* What one import has in hand. */
struct job {
	struct image_import *import;
	struct image *image;
	int signals;
	int tree; /* the image layout's directory */
	char *buffer;
};

static int bad(const struct job *job, const char *what, struct error *error)
{
	return error_set(error, 0, "'%.200s' is not a good image: %s", job->import->source, what);
}

/* --- streams into layers -------------------------------------------------------------------------------------------- */

static int feed_stream(const struct job *job, struct layer *layer, int source, bool is_source,
		       struct error *error)
{
	const struct image_import *import = job->import;
	struct stat status = { 0 };
	struct stream stream;
	ssize_t count = 0;
	int result = stream_open(&stream, source, job->signals, error);

	if (is_source && sys_fstat(source, &status) < 0)
		status.st_size = 0;
	while (result == 0 && (count = stream_read(&stream, job->buffer, BUFFER_SIZE, error)) > 0) {
		result = layer_feed(layer, job->buffer, (size_t)count, error);
		if (is_source && import->progress != NULL)
			import->progress(import->progress_context,
					 (uint64_t)sys_lseek(source, 0, SEEK_CUR),
					 (uint64_t)status.st_size);
	}
	stream_close(&stream);
	return result < 0 ? result : (int)count;
}

static void add_losses(struct image_import *import, const struct unpack *unpack)
{
	import->left_out_devices += unpack->left_out_devices;
	import->changed_owners += unpack->changed_owners;
	import->lost_attributes += unpack->lost_attributes;
}

static int end_layer(const struct job *job, struct layer *layer, const char *wanted,
		     struct error *error)
{
	char hex[STORE_HEX_SIZE];

	add_losses(job->import, &layer->unpack);
	if (layer_finish(layer, wanted, hex, error) < 0)
		return -1;
	return layer_add(job->image, hex, error);
}

/* --- files of an image layout --------------------------------------------------------------------------------------- */

/* Links may lead to other files of the layout (docker save had them once), never out of it. */
static int open_file(const struct job *job, const char *path)
{
	int fd = -EAGAIN;

	for (unsigned i = 0; fd == -EAGAIN && i < TRIES; i++)
		fd = sys_openat2(job->tree, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0,
				 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	return fd;
}

static bool has_file(const struct job *job, const char *path)
{
	FD int fd = open_file(job, path);

	return fd >= 0;
}

/* The digits of "sha256:HEX", or NULL. */
static const char *digest_digits(const char *digest)
{
	if (digest == NULL || strncmp(digest, "sha256:", 7) != 0 ||
	    strlen(digest + 7) != STORE_HEX_SIZE - 1 ||
	    !image_is_hex(digest + 7, STORE_HEX_SIZE - 1))
		return NULL;
	return digest + 7;
}

/* Reads it all and goes back to its start. */
static int check_digest(const struct job *job, int fd, const char *hex, struct error *error)
{
	char found[STORE_HEX_SIZE];
	struct pollfd wait = { .fd = job->signals, .events = POLLIN };
	struct sha256 hash;
	int64_t count;

	sha256_begin(&hash);
	while ((count = sys_read(fd, job->buffer, BUFFER_SIZE)) > 0 || count == -EINTR) {
		if (count > 0)
			sha256_add(&hash, job->buffer, (size_t)count);
		/* a hole can be as long as any file system allows */
		if (sys_poll(&wait, 1, 0) > 0)
			return error_set(error, -EINTR, "the import was interrupted");
	}
	if (count == 0)
		count = sys_lseek(fd, 0, SEEK_SET);
	if (count < 0)
		return error_set(error, (int)count, "cannot read '%.200s'", job->import->source);
	sha256_end(&hash, found);
	if (strcmp(found, hex) == 0)
		return 0;
	return error_hint(error,
			  error_set(error, 0, "a blob's digest is %.12s... and should be %.12s...",
				    found, hex),
			  "it is damaged: get it once more");
}

/* Opens a file, and checks its digest where there is one to check. */
static int open_checked(const struct job *job, const char *path, const char *hex,
			struct error *error)
{
	FD int fd = open_file(job, path);
	struct stat status;

	if (fd < 0)
		return error_set(error, fd,
				 "'%.200s' is not a good image: cannot open '%.200s' of it",
				 job->import->source, path);
	if (sys_fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return bad(job, "what should be a file is none", error);
	if (hex != NULL && check_digest(job, fd, hex, error) < 0)
		return -1;
	return fd_take(&fd);
}

static const struct json *read_json(const struct job *job, const char *path, const char *hex,
				    struct error *error)
{
	FD int fd = open_checked(job, path, hex, error);
	const struct json *root = NULL;
	char *text = NULL;
	ssize_t size = fd < 0 ? fd : file_read(&job->image->memory, fd, JSON_MAX, &text);
	size_t line = 0;
	int result;

	if (size < 0) {
		(void)error_set(error, (int)size, "cannot read '%.200s'", path);
		return NULL;
	}
	result = json_parse(&job->image->memory, text, (size_t)size, &root, &line);
	if (result == 0)
		return root;
	(void)error_set(error, result == -ENOMEM ? result : 0,
			"'%.200s' is not a good image: line %zu of '%.200s' is %s",
			job->import->source, line, path,
			result == -E2BIG ? "more than there can be" : "not JSON");
	return NULL;
}

/* The file of a descriptor: {"digest": "sha256:...", ...} */
static int blob_path(const struct job *job, const struct json *descriptor, char *path, size_t size,
		     struct error *error)
{
	const char *hex = digest_digits(json_string(json_get(descriptor, "digest")));

	if (hex == NULL)
		return bad(job, "a digest is missing, or isn't one of SHA-256", error);
	(void)snprintf(path, size, "blobs/sha256/%s", hex);
	return 0;
}
#define BLOB_PATH_SIZE 96
#define BLOB_HEX(path) ((path) + sizeof("blobs/sha256/") - 1)

static const struct json *read_blob(const struct job *job, const struct json *descriptor,
				    struct error *error)
{
	char path[BLOB_PATH_SIZE];

	if (blob_path(job, descriptor, path, sizeof(path), error) < 0)
		return NULL;
	return read_json(job, path, BLOB_HEX(path), error);
}

/* --- config --------------------------------------------------------------------------------------------------------- */

/* An array of strings; or, as Docker has ports and volumes, the names of an object. */
static int copy_words(const struct job *job, struct image_words *words, const struct json *value,
		      struct error *error)
{
	bool is_array = value != NULL && value->type == JSON_ARRAY;

	if (value == NULL || value->type == JSON_NULL)
		return 0;
	if (!is_array && value->type != JSON_OBJECT)
		return bad(job, "its config has a value that should be a list", error);
	for (const struct json *at = value->child; at != NULL; at = at->next) {
		const char *text = is_array ? json_string(at) : at->name;
		const char **row = text != NULL ? ARENA_APPEND(&job->image->memory, words) : NULL;

		if (text == NULL)
			return bad(job, "its config has a list of what isn't text", error);
		if (row == NULL)
			return error_set(error, -ENOMEM, "cannot read the image");
		*row = text;
	}
	return 0;
}

static const char *text_or_null(const struct json *value)
{
	const char *text = json_string(value);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static int copy_labels(const struct job *job, const struct json *labels, struct error *error)
{
	struct arena *memory = &job->image->memory;

	if (labels == NULL || labels->type != JSON_OBJECT)
		return 0;
	for (const struct json *at = labels->child; at != NULL; at = at->next) {
		const char *value = json_string(at) != NULL ? json_string(at) : "";
		size_t size = strlen(at->name) + strlen(value) + 2;
		const char **row = ARENA_APPEND(memory, &job->image->config.labels);
		char *text = arena_take(memory, size);

		if (row == NULL || text == NULL)
			return error_set(error, -ENOMEM, "cannot read the image");
		(void)snprintf(text, size, "%s=%s", at->name, value);
		*row = text;
	}
	return 0;
}

/* A variable without a value would be taken from whoever builds upon the image: --env NAME. */
static int check_env(const struct job *job, struct error *error)
{
	const struct image_words *env = &job->image->config.env;

	for (size_t i = 0; i < env->count; i++)
		if (env->rows[i][0] == '=' || strchr(env->rows[i], '=') == NULL)
			return bad(job, "its config has a variable that is not NAME=VALUE", error);
	return 0;
}

static int copy_config(const struct job *job, const struct json *root, struct error *error)
{
	struct image_config *config = &job->image->config;
	const struct json *from = json_get(root, "config");

	job->image->created = text_or_null(json_get(root, "created"));
	config->user = text_or_null(json_get(from, "User"));
	config->workdir = text_or_null(json_get(from, "WorkingDir"));
	config->stop_signal = text_or_null(json_get(from, "StopSignal"));
	if (copy_words(job, &config->entrypoint, json_get(from, "Entrypoint"), error) < 0 ||
	    copy_words(job, &config->command, json_get(from, "Cmd"), error) < 0 ||
	    copy_words(job, &config->env, json_get(from, "Env"), error) < 0 ||
	    check_env(job, error) < 0 ||
	    copy_words(job, &config->expose, json_get(from, "ExposedPorts"), error) < 0 ||
	    copy_words(job, &config->volumes, json_get(from, "Volumes"), error) < 0)
		return -1;
	return copy_labels(job, json_get(from, "Labels"), error);
}

/* --- layers --------------------------------------------------------------------------------------------------------- */

/* One that the store has already isn't unpacked again: it was checked when it came. */
static int import_layer(const struct job *job, const char *path, const char *blob_hex,
			const char *diff_id, struct error *error)
{
	struct image_import *import = job->import;
	int result = layer_hold(import->store, import->work, diff_id, import->devices, error);
	struct layer layer;
	FD int fd = -1;

	if (result != 0)
		return result < 0 ? -1 : layer_add(job->image, diff_id, error);
	fd = open_checked(job, path, blob_hex, error);
	if (fd < 0)
		return -1;
	result = layer_begin(&layer, import->work, import->devices, error);
	if (result == 0)
		result = feed_stream(job, &layer, fd, false, error);
	if (result == 0)
		result = end_layer(job, &layer, diff_id, error);
	layer_end(&layer);
	return result;
}

/* The digests of the layers as the config has them, and the layers as the manifest does: as many, in the same order. */
static int import_layers(const struct job *job, const struct json *config,
			 const struct json *layers, bool is_oci, struct error *error)
{
	const struct json *ids = json_get(json_get(config, "rootfs"), "diff_ids");
	const struct json *id = json_first(ids), *layer = json_first(layers);
	int result = 0;

	if (ids == NULL || layers == NULL || ids->count != layers->count || ids->count == 0)
		return bad(job, "its layers and their digests are not as many", error);
	for (; result == 0 && id != NULL && layer != NULL; id = id->next, layer = layer->next) {
		const char *diff_id = digest_digits(json_string(id));
		const char *path = json_string(layer);
		char blob[BLOB_PATH_SIZE];

		if (is_oci && blob_path(job, layer, blob, sizeof(blob), error) < 0)
			return -1;
		if (is_oci)
			path = blob;
		if (diff_id == NULL || path == NULL)
			return bad(job, "a layer or a digest is missing, or isn't one of SHA-256",
				   error);
		result = import_layer(job, path, is_oci ? BLOB_HEX(blob) : NULL, diff_id, error);
	}
	return result;
}

static int import_config(const struct job *job, const struct json *config,
			 const struct json *layers, bool is_oci, struct error *error)
{
	if (config == NULL || copy_config(job, config, error) < 0)
		return -1;
	return import_layers(job, config, layers, is_oci, error);
}

/* --- which image ---------------------------------------------------------------------------------------------------- */

/* "docker.io/library/alpine:3.19" is meant by all of "alpine:3.19", "3.19" and, for the tag latest, "alpine". */
static bool is_meant(const char *reference, const char *word)
{
	const char *slash = strrchr(reference, '/');
	const char *name = slash != NULL ? slash + 1 : reference;
	const char *colon = strrchr(name, ':');
	size_t length = strlen(word);

	if (strcmp(reference, word) == 0 || strcmp(name, word) == 0)
		return true;
	return colon != NULL &&
	       (strcmp(colon + 1, word) == 0 ||
		(strcmp(colon, ":latest") == 0 && (size_t)(colon - name) == length &&
		 memcmp(name, word, length) == 0));
}

/* Candidates, and what they are called. */
struct choice {
	const struct json *only, *meant;
	size_t count, meant_count;
	char names[160];
};

static void add_candidate(struct choice *choice, const struct json *candidate, bool is_word,
			  const char *name)
{
	size_t used = strlen(choice->names);

	choice->only = candidate;
	choice->count++;
	if (is_word) {
		choice->meant = candidate;
		choice->meant_count++;
	}
	if (name != NULL)
		(void)snprintf(choice->names + used, sizeof(choice->names) - used, "%s%s",
			       used > 0 ? ", " : "", name);
}

static const struct json *choose(const struct job *job, const struct choice *choice,
				 struct error *error)
{
	if (choice->meant_count == 1)
		return choice->meant;
	if (choice->count == 1)
		return choice->only;
	if (choice->count == 0)
		(void)bad(job, "there is none for this machine (" MACHINE ")", error);
	else
		(void)error_hint(error,
				 error_set(error, 0, "'%.200s' has %zu images: %s",
					   job->import->source, choice->count, choice->names),
				 "import it as NAME or NAME:TAG, as one of them is called");
	return NULL;
}

static bool is_word(const struct job *job, const char *reference)
{
	return reference != NULL && job->import->which != NULL &&
	       is_meant(reference, job->import->which);
}

/* docker save: [{"Config": "...", "RepoTags": [...], "Layers": [...]}] */
static int import_docker(const struct job *job, struct error *error)
{
	const struct json *manifest = read_json(job, "manifest.json", NULL, error), *image;
	struct choice choice = { .count = 0 };
	char hex[STORE_HEX_SIZE] = "";
	const char *path, *name;

	if (manifest == NULL)
		return -1;
	for (image = json_first(manifest); image != NULL; image = image->next) {
		const struct json *tags = json_first(json_get(image, "RepoTags"));
		bool meant = false;

		for (const struct json *tag = tags; tag != NULL; tag = tag->next)
			meant = meant || is_word(job, json_string(tag));
		add_candidate(&choice, image, meant, json_string(tags));
	}
	image = choose(job, &choice, error);
	path = json_string(json_get(image, "Config"));
	if (path == NULL)
		return image == NULL ? -1 : bad(job, "it names no config", error);
	/* the config's name is its digest: HEX.json, or blobs/sha256/HEX */
	name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	if (strcspn(name, ".") == STORE_HEX_SIZE - 1 && image_is_hex(name, STORE_HEX_SIZE - 1))
		(void)snprintf(hex, sizeof(hex), "%.64s", name);
	return import_config(job, read_json(job, path, hex[0] != '\0' ? hex : NULL, error),
			     json_get(image, "Layers"), false, error);
}

/* Whether a descriptor of an index may be for this machine. One that says nothing may. */
static bool is_for_us(const struct json *descriptor)
{
	const struct json *platform = json_get(descriptor, "platform");
	const char *machine = json_string(json_get(platform, "architecture"));
	const char *os = json_string(json_get(platform, "os"));

	return (machine == NULL || strcmp(machine, MACHINE) == 0) &&
	       (os == NULL || strcmp(os, "linux") == 0);
}

/* An index may have others in it: one for each machine, as a rule. */
static int import_oci(const struct job *job, struct error *error)
{
	const struct json *index = read_json(job, "index.json", NULL, error);

	for (unsigned depth = 0; index != NULL && depth < NESTED_MAX; depth++) {
		const struct json *list = json_get(index, "manifests"), *chosen;
		struct choice choice = { .count = 0 };

		if (list == NULL)
			return import_config(job, read_blob(job, json_get(index, "config"), error),
					     json_get(index, "layers"), true, error);
		for (chosen = json_first(list); chosen != NULL; chosen = chosen->next) {
			const struct json *notes = json_get(chosen, "annotations");
			const char *tag = json_string(json_get(notes, OCI_REF));
			const char *name = json_string(json_get(notes, DOCKER_NAME));

			if (is_for_us(chosen))
				add_candidate(&choice, chosen,
					      is_word(job, tag) || is_word(job, name),
					      name != NULL ? name : tag);
		}
		chosen = choose(job, &choice, error);
		index = chosen != NULL ? read_blob(job, chosen, error) : NULL;
	}
	return index == NULL ? -1 : bad(job, "its indexes lead nowhere", error);
}

static bool is_layout(const struct job *job)
{
	return has_file(job, "oci-layout") && has_file(job, "index.json");
}

static bool is_image(const struct job *job)
{
	return is_layout(job) || has_file(job, "manifest.json");
}

static int import_image(const struct job *job, struct error *error)
{
	return is_layout(job) ? import_oci(job, error) : import_docker(job, error);
}

/* --- sources -------------------------------------------------------------------------------------------------------- */

static int import_directory(struct job *job, int fd, struct error *error)
{
	const struct tar_tree tree = { .roots = &fd, .count = 1 };
	struct layer layer;
	int result;

	job->tree = fd;
	if (is_image(job))
		return import_image(job, error);
	result = layer_begin(&layer, job->import->work, job->import->devices, error);
	if (result == 0)
		layer.signals = job->signals;
	if (result == 0)
		result = layer_feed_tree(&layer, &tree, error);
	if (result == 0)
		result = end_layer(job, &layer, NULL, error);
	layer_end(&layer);
	return result;
}

/* Unpacked, it is either a root filesystem and so a layer, or an image's archive that has layers in it. */
static int import_archive(struct job *job, int fd, struct error *error)
{
	int work = job->import->work->fd;
	struct layer layer;
	int result = layer_begin(&layer, job->import->work, job->import->devices, error);
	bool has_image;

	if (result == 0)
		result = feed_stream(job, &layer, fd, true, error);
	job->tree = layer.fs;
	has_image = result == 0 && is_image(job);
	if (has_image) {
		result = tar_end(&layer.reader, false, error);
		if (result == 0)
			result = sys_renameat2(work, LAYER_NAME, work, UNPACKED, RENAME_NOREPLACE);
		if (result < 0)
			(void)error_set(error, result, "cannot write to the store");
		if (result == 0)
			result = import_image(job, error);
		(void)store_remove_tree(work, UNPACKED);
	} else if (result == 0) {
		result = end_layer(job, &layer, NULL, error);
	}
	layer_end(&layer);
	return result;
}

static int open_source(const char *path, struct error *error)
{
	int fd = strcmp(path, "-") == 0
			 ? sys_fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			 : sys_openat(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_CLOEXEC, 0);

	return fd < 0 ? error_set(error, fd, "cannot open '%.200s'", path) : fd;
}

static int import_from(struct job *job, struct error *error)
{
	FD int fd = open_source(job->import->source, error);
	struct stat status;
	int result = fd < 0 ? fd : sys_fstat(fd, &status);

	if (result < 0)
		return error_set(error, result, "cannot open '%.200s'", job->import->source);
	result = S_ISDIR(status.st_mode) ? import_directory(job, fd, error)
					 : import_archive(job, fd, error);
	if (result < 0)
		return result;
	return layer_commit(job->import->store, job->import->work, job->image, job->import->devices,
			    error);
}

sys_sigset image_import_signals(void)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sys_sigaction action;
	sys_sigset set = 0;

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sys_rt_sigaction(ending[i], NULL, &action) == 0 &&
		    action.handler != SYS_SIG_IGN)
			set |= sys_sigbit(ending[i]);
	return set;
}

int image_import(struct image_import *import, struct image *image, struct error *error)
{
	struct job job = { .import = import, .image = image, .tree = -1 };
	sys_sigset set = image_import_signals();
	FD int signals = sys_signalfd4(-1, &set, O_NONBLOCK | O_CLOEXEC);

	job.signals = signals;
	job.buffer = arena_take(&image->memory, BUFFER_SIZE);
	if (signals < 0 || job.buffer == NULL)
		return error_set(error, signals < 0 ? signals : -ENOMEM, "cannot begin an import");
	return import_from(&job, error);
}

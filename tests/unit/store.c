/* SPDX-License-Identifier: MIT */
/* The store's folders, work in progress, removal; and images as texts. In a directory of this test's own. */
#include "supervisor/store.h"

#include "init/lib/fd.h"
#include "supervisor/image.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static char root[] = "/tmp/sv-unit-store-XXXXXX";
static char path[64];

static bool is_there(const char *name)
{
	struct stat status;
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", path, name);
	return lstat(full, &status) == 0;
}

static void opens(void)
{
	struct error error = { 0 };
	struct store store;
	struct stat status = { 0 };

	is_int(store_open(&store, path, false, &error), 0,
	       "a store that isn't there is an empty one");
	is_int(store.root, -1, "and stays away");
	is_int(store_lock(&store, LOCK_SH, &error), 0, "it locks");
	store_close(&store);
	is_int(store_open(&store, path, true, &error), 0, "a store is made, with what leads to it");
	ok(stat(path, &status) == 0 && (status.st_mode & 07777) == 0700, "and is private");
	ok(is_there("layers") && is_there("images") && is_there("containers") &&
		   is_there("volumes") && is_there("tmp") && is_there("lock"),
	   "it has its folders");
	store_close(&store);
	(void)chmod(path, 0777);
	ok(store_open(&store, path, true, &error) < 0 && error.number == EPERM,
	   "one that others may write to is refused");
	(void)chmod(path, 0700);
	memset(&store, 0, sizeof(store));
	store_close(&store);
	ok(fcntl(0, F_GETFD) >= 0, "closing a zeroed one closes nothing");
}

/* A maker that ends without a word: killed, as far as anyone can tell. */
static void die_at_work(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct error error = { 0 };
		struct store_work work;
		struct store store;

		_exit(store_open(&store, path, true, &error) < 0 ||
		      store_work_begin(&store, &work, &error) < 0 ||
		      mkdirat(work.fd, "half", 0700) < 0);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0, "a maker dies");
}

static int count_one(void *context, const char *name)
{
	(void)name;
	++*(int *)context;
	return 0;
}

static int count(int folder)
{
	int found = 0;

	(void)store_each(folder, count_one, &found);
	return found;
}

static void works(void)
{
	struct error error = { 0 };
	struct store store, second;
	struct store_work work;

	(void)store_open(&store, path, true, &error);
	is_int(store_work_begin(&store, &work, &error), 0, "work begins");
	die_at_work();
	is_int(count(store.folders[STORE_TMP]), 2, "and leaves its work");
	is_int(store_open(&second, path, true, &error), 0, "the next to open it for writing");
	is_int(count(store.folders[STORE_TMP]), 1, "removes the dead one's work and no other");
	store_close(&second);
	is_int(store_put(&work, store.folders[STORE_VOLUMES], "file", "text", 4), 0,
	       "a file is put");
	ok(is_there("volumes/file"), "in its place");
	store_work_end(&store, &work);
	is_int(count(store.folders[STORE_TMP]), 0, "work ends and leaves nothing");
	store_close(&store);
}

/* As deep as no path reaches, with something at each level. */
static void removes(void)
{
	struct error error = { 0 };
	struct store store;
	char name[201];
	bool made = true;
	int at;

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)store_open(&store, path, true, &error);
	(void)mkdirat(store.folders[STORE_VOLUMES], "deep", 0700);
	at = openat(store.folders[STORE_VOLUMES], "deep", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 100 && made; i++) {
		int next = -1;

		made = mkdirat(at, name, 0700) == 0 && symlinkat("/", at, "link") == 0 &&
		       mkdirat(at, ".removed-3", 0700) == 0;
		next = openat(at, name, O_RDONLY | O_DIRECTORY);
		(void)close(at);
		at = next;
	}
	(void)close(at);
	ok(made, "a tree of 20,000 bytes' depth");
	is_int(store_remove_tree(store.folders[STORE_VOLUMES], "deep"), 0, "is removed");
	ok(!is_there("volumes/deep") && access("/tmp", F_OK) == 0, "and no link followed");
	is_int(store_remove_tree(store.folders[STORE_VOLUMES], "deep"), 0, "nothing there is fine");
	is_int(store_remove_tree(store.folders[STORE_VOLUMES], "file"), 0, "and so is a file");
	store_close(&store);
}

static void names(void)
{
	static const struct {
		const char *word, *name;
	} rows[] = {
		{ "alpine", "alpine" },
		{ "alpine:latest", "alpine" },
		{ "a:3.19", "a:3.19" },
		{ "a-b_c.D", "a-b_c.D" },
		{ "a:Latest", "a:Latest" },
		{ "Alpine", NULL },
		{ "", NULL },
		{ ":x", NULL },
		{ "a:", NULL },
		{ "a:b:c", NULL },
		{ "../x", NULL },
		{ ".x", NULL },
		{ "a/b", NULL },
		{ "a\n", NULL },
		{ "a:.x", NULL },
		{ "-a", NULL },
	};
	struct error error;
	char name[IMAGE_NAME_SIZE];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error = (struct error){ 0 };
		ok((image_name(name, rows[i].word, &error) == 0) == (rows[i].name != NULL) &&
			   (rows[i].name == NULL || strcmp(name, rows[i].name) == 0),
		   "name %zu", i);
	}
}

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void writes_images(void)
{
	struct error error = { 0 };
	struct store store;
	struct store_work work;
	struct image image, found;
	char digest[STORE_HEX_SIZE];
	const char *words[] = { "sh", "-c", "echo a\nb\\n c" };

	image_init(&image);
	(void)store_open(&store, path, true, &error);
	(void)store_work_begin(&store, &work, &error);
	(void)snprintf(image.name, sizeof(image.name), "alpine");
	image.config.command = (struct image_words){ words, 3 };
	image.config.user = "1000";
	is_int(image_write(&store, &work, &image, &error), 0, "an image is written");
	memcpy(digest, image.digest, sizeof(digest));
	image_free(&image);

	image_init(&found);
	is_int(image_find(&store, "alpine:latest", &found, &error), 0, "and found");
	is_str(found.digest, digest, "with its digest");
	ok(found.config.command.count == 3 && strcmp(found.config.command.rows[2], words[2]) == 0,
	   "and its words, newlines and all");
	ok(found.config.user != NULL && strcmp(found.config.user, "1000") == 0 &&
		   found.config.workdir == NULL && found.config.env.count == 0,
	   "and what was said, no more");
	image_free(&found);
	digest[8] = '\0';
	is_int(image_find(&store, digest, &found, &error), 0, "its digest's first digits will do");
	is_str(found.name, "alpine", "for its name");
	image_free(&found);
	is_int(image_find(&store, "alpnie", &found, &error), -ENOENT, "no image of that name");
	ok(strstr(error.hint, "did you mean 'alpine'") != NULL, "the nearest is named");
	image_free(&found);
	error = (struct error){ 0 };
	(void)snprintf(image.name, sizeof(image.name), "other");
	image.config.command = (struct image_words){ words, 3 };
	image.config.user = "1000";
	is_int(image_write(&store, &work, &image, &error), 0, "another that is the same");
	image_free(&image);
	ok(image_find(&store, digest, &found, &error) < 0 &&
		   strstr(error.text, "ambiguous") != NULL,
	   "digits that two begin with");
	image_free(&found);
	error = (struct error){ 0 };
	is_int(store_put(&work, store.folders[STORE_IMAGES], "bad", "version 1\nlayer " HEX_A "\n",
			 16 + 64 + 1),
	       0, "an image without its layer");
	ok(image_find(&store, "bad", &found, &error) < 0 &&
		   strstr(error.text, "lacks its layer") != NULL,
	   "is refused");
	image_free(&found);
	store_work_end(&store, &work);
	store_close(&store);
}

static void refuses_texts(void)
{
	static const char *const rows[] = {
		"",
		"version 2\n",
		"layer " HEX_A "\n",
		"version 1\nlayer ../../etc\n",
		"version 1\nx\n",
		"version 1\nlayer " HEX_A "a\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct image image;

		image_init(&image);
		is_int(image_parse(&image, rows[i], strlen(rows[i])), -EINVAL, "no image's text");
		image_free(&image);
	}
}

int main(void)
{
	if (mkdtemp(root) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/a/b", root);
	opens();
	works();
	removes();
	names();
	writes_images();
	refuses_texts();
	is_int(store_remove_tree(AT_FDCWD, root), 0, "all is removed");
	return tap_done();
}

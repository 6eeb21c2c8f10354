/* SPDX-License-Identifier: MIT */
/* supervisor/users.c: Docker's rules for -u and --group-add, on files that are not trusted. */
#include "supervisor/users.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# www:x:1:1::/:\n"
			     "nonsense\n"
			     "::5:5:::\n"
			     "big:x:4294967295:1::/:\n"
			     "web:x:33:34:Web:/srv/web:/bin/false\n"
			     "nohome:x:40:40:::\n"
			     "relhome:x:41:41::home:\n"
			     "1000:x:50:50::/trap:\n"
			     "web:x:99:99::/second:\n"
			     "last:x:60:61::/last";
static const char group[] = "root:x:0:\n"
			    "wheel:x:10:root,web\n"
			    "web:x:34:\n"
			    "adm:x:4:web\n"
			    "adm2:x:4:web,web\n"
			    "bad:x:99999999999:web\n"
			    "broken:x\n"
			    "webby:x:77:webx,xweb\n"
			    "tail:x:88:last";

static struct identity identity;
static struct error error;

static int resolve_with(const char *user, const char **add, size_t add_count)
{
	struct users_text text = { passwd, group, sizeof(passwd) - 1, sizeof(group) - 1 };
	struct spec_strings list = { add, add_count };

	users_free(&identity);
	error = (struct error){ 0 };
	return users_resolve_text(&identity, &text, user, &list, &error);
}

/* The identity in one line: "uid:gid name home groups..." */
static void is(const char *user, const char *wanted)
{
	int result = resolve_with(user, NULL, 0);
	char text[512];
	size_t used = (size_t)snprintf(text, sizeof(text), "%u:%u '%s' %s", identity.uid,
				       identity.gid, identity.name, identity.home);

	for (size_t i = 0; i < identity.group_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " %u",
					 identity.groups[i]);
	is_str(result == 0 ? text : error.text, wanted, user != NULL ? user : "no user given");
}

static void refuses(const char *user, const char *message)
{
	int result = resolve_with(user, NULL, 0);

	ok(result < 0 && strstr(error.text, message) != NULL, "refuses '%s'", user);
	printf("# %s; %s\n", error.text, error.hint);
}

static void follows_dockers_rules(void)
{
	is(NULL, "0:0 'root' /root 0 10");
	is("0", "0:0 'root' /root 0 10");
	is("root", "0:0 'root' /root 0 10");
	is("web", "33:34 'web' /srv/web 4 10 34");
	is("33", "33:34 'web' /srv/web 4 10 34");
	is("web:0", "33:0 'web' /srv/web 0");
	is("web:wheel", "33:10 'web' /srv/web 10");
	is("33:5000", "33:5000 'web' /srv/web 5000");
	is("5000", "5000:0 '' / 0");
	is("5000:web", "5000:34 '' / 34");
	is("1000", "1000:0 '' / 0");
	is("nohome", "40:40 'nohome' / 40");
	is("relhome", "41:41 'relhome' / 41");
	is("last", "60:61 'last' /last 61 88");
	is("4294967294", "4294967294:0 '' / 0");
}

static void refuses_what_is_not_there(void)
{
	refuses("nobody", "no user 'nobody' in the container's /etc/passwd");
	refuses("web:nogroup", "no group 'nogroup' in the container's /etc/group");
	refuses("4294967295", "out of range");
	refuses("99999999999999999999", "out of range");
	refuses("0:4294967295", "out of range");
	refuses("", "empty");
	refuses(":web", "empty");
	refuses("web:", "empty");
	refuses("big", "no user 'big'");
	refuses("www", "no user 'www'");
	refuses("#", "no user '#'");
	refuses("-1", "no user '-1'");
	refuses("web:bad", "no group 'bad'");
	refuses("web:a:b", "no group 'a:b'");
}

static void adds_groups(void)
{
	const char *add[] = { "wheel", "5000", "10", "4" };
	const char *unknown[] = { "nogroup" };

	ok(resolve_with("web:web", add, 4) == 0 && identity.group_count == 4 &&
		   identity.groups[0] == 4 && identity.groups[1] == 10 &&
		   identity.groups[2] == 34 && identity.groups[3] == 5000,
	   "group_add_goes_with_an_explicit_group_each_once");
	ok(resolve_with("web", unknown, 1) < 0 && strstr(error.text, "nogroup") != NULL,
	   "an_unknown_group_is_refused");
}

static void bounds_the_groups(void)
{
	size_t size = (size_t)70000 * 20, used = 0;
	char *text = malloc(size);
	struct users_text files = { passwd, text, sizeof(passwd) - 1, 0 };
	struct spec_strings none = { NULL, 0 };

	if (text == NULL) {
		ok(false, "memory for the test");
		return;
	}
	for (int i = 0; i < 65536; i++)
		used += (size_t)snprintf(text + used, size - used, "g:x:%d:web\n", i);
	files.group_size = used;
	users_free(&identity);
	ok(users_resolve_text(&identity, &files, "web", &none, &error) == 0 &&
		   identity.group_count == 65536,
	   "as_many_groups_as_the_kernel_takes");
	users_free(&identity);
	files.group_size = used + (size_t)snprintf(text + used, size - used, "g:x:65536:web\n");
	error = (struct error){ 0 };
	ok(users_resolve_text(&identity, &files, "web", &none, &error) < 0, "one_more_is_refused");
	free(text);
}

/* Writes a file below the folder at fd. */
static void put(int fd, const char *name, const char *text)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		printf("# cannot write %s\n", name);
	(void)close(file);
}

static int resolve_in(int root, const char *user)
{
	struct spec_strings none = { NULL, 0 };

	users_free(&identity);
	error = (struct error){ 0 };
	return users_resolve(&identity, root, user, &none, &error);
}

static void reads_within_the_root_only(void)
{
	char folder[] = "/tmp/sv-unit-XXXXXX";
	int root = mkdtemp(folder) != NULL ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	ok(root >= 0 && resolve_in(root, "0") == 0 && strcmp(identity.home, "/") == 0 &&
		   identity.name[0] == '\0',
	   "a_root_without_etc_has_ids_only");
	ok(resolve_in(root, "root") < 0, "and_no_names");
	(void)mkdirat(root, "etc", 0755);
	put(root, "real", "inside:x:7:8::/in:\n");
	(void)symlinkat("/real", root, "etc/passwd");
	ok(resolve_in(root, "inside") == 0 && identity.uid == 7,
	   "a_link_is_followed_within_the_root");
	(void)unlinkat(root, "etc/passwd", 0);
	(void)symlinkat("../../../../../../etc/passwd", root, "etc/passwd");
	ok(resolve_in(root, "root") < 0, "and_never_out_of_it");
	(void)unlinkat(root, "etc/passwd", 0);
	(void)mkfifoat(root, "etc/passwd", 0644);
	ok(resolve_in(root, "0") < 0 && strstr(error.text, "regular file") != NULL,
	   "a_fifo_is_refused_at_once");
	(void)unlinkat(root, "etc/passwd", 0);
	(void)unlinkat(root, "etc", AT_REMOVEDIR);
	(void)unlinkat(root, "real", 0);
	(void)close(root);
	ok(rmdir(folder) == 0, "cleans_up");
}

int main(void)
{
	follows_dockers_rules();
	refuses_what_is_not_there();
	adds_groups();
	bounds_the_groups();
	reads_within_the_root_only();
	users_free(&identity);
	return tap_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * See usernet.h. Both programs open the container's namespaces by a path. In /proc those of an init that is not dumpable
 * are closed to a program that has already dropped its rights, so the keeper binds them to files of a tmpfs in a mount namespace
 * of its own: over /sys, which neither of the two looks at.
 */
#include "usernet.h"

#include "../init/lib/fd.h"
#include "arena.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define READY_MS      30000
#define NET_FILE      "/sys/net"
#define USER_FILE     "/sys/user"
#define ARGUMENTS_MAX (24 + 2 * SPEC_PORTS_MAX)

static const struct program {
	enum usernet_kind kind;
	const char *name;
	struct cidr forwarder, address;
} programs[] = {
	/* podman-run(1) has pasta answer at the same address */
	{ USERNET_PASTA,
	  "pasta",
	  { .family = AF_INET, .prefix = 32, .bytes = { 169, 254, 1, 1 } },
	  { .family = 0 } },
	{ USERNET_SLIRP,
	  "slirp4netns",
	  { .family = AF_INET, .prefix = 32, .bytes = { 10, 0, 2, 3 } },
	  { .family = AF_INET, .prefix = 24, .bytes = { 10, 0, 2, 100 } } },
};

void usernet_init(struct usernet *usernet)
{
	*usernet = (struct usernet){ .hold = -1 };
}

static bool find_program(const char *name, char *path, size_t size)
{
	static const char fallback[] = "/usr/local/bin:/usr/bin:/bin";
	const char *rest = getenv("PATH");

	rest = rest != NULL && rest[0] != '\0' ? rest : fallback;
	while (*rest != '\0') {
		size_t length = strcspn(rest, ":");

		(void)snprintf(path, size, "%.*s/%s", (int)length, rest, name);
		if (rest[0] == '/' && length + strlen(name) + 2 <= size &&
		    faccessat(AT_FDCWD, path, X_OK, 0) == 0)
			return true;
		rest += length + (rest[length] == ':');
	}
	return false;
}

int usernet_choose(struct usernet *usernet, struct error *error)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const struct program *row = &programs[i];

		if (!find_program(row->name, usernet->program, sizeof(usernet->program)))
			continue;
		usernet->kind = row->kind;
		usernet->forwarder = row->forwarder;
		usernet->address = row->address;
		return 0;
	}
	return error_hint(error,
			  error_set(error, 0,
				    "--net user: neither pasta nor slirp4netns is installed"),
			  "install the package passt, or slirp4netns");
}

/* --- arguments ---------------------------------------------------------------------------------------------------------- */

struct arguments {
	struct arena *arena;
	char **rows;
	size_t count;
	bool is_over; /* out of memory */
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *arguments,
						      const char *format, ...)
{
	char text[300];
	va_list list;
	char *copy;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	copy = arena_copy(arguments->arena, text, strlen(text));
	if (copy == NULL || arguments->count + 1 >= ARGUMENTS_MAX)
		arguments->is_over = true;
	else
		arguments->rows[arguments->count++] = copy;
}

/* "8080:80", "127.0.0.1/8000-8010:9000-9010" */
static void add_port(struct arguments *arguments, const struct spec_port *port)
{
	char address[CIDR_TEXT_MAX + 1] = "", printed[CIDR_TEXT_MAX];
	unsigned more = port->count - 1U;

	if (port->address.family != 0)
		(void)snprintf(address, sizeof(address), "%s/",
			       cidr_print_address(&port->address, printed));
	if (more == 0)
		add(arguments, "%s%u:%u", address, port->host, port->inside);
	else
		add(arguments, "%s%u-%u:%u-%u", address, port->host, port->host + more,
		    port->inside, port->inside + more);
}

static void add_ports(struct arguments *arguments, const struct spec *spec, uint8_t protocol,
		      const char *option)
{
	bool has_any = false;

	for (size_t i = 0; i < spec->ports.count; i++) {
		if (spec->ports.rows[i].protocol != protocol)
			continue;
		add(arguments, "%s", option);
		add_port(arguments, &spec->ports.rows[i]);
		has_any = true;
	}
	if (has_any)
		return;
	add(arguments, "%s", option);
	add(arguments, "none");
}

/* Words with their values, each given when its time comes. */
static void add_words(struct arguments *arguments, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(arguments, "%s", words[i]);
}

#define ADD_WORDS(arguments, list) add_words((arguments), (list), sizeof(list) / sizeof((list)[0]))

/*
 * pasta(1): not to the background, without a way to the machine's loopback, its PID to its standard output once all stands,
 * and no port but those that are published, in neither direction.
 */
static void add_pasta(struct arguments *arguments, const struct usernet *usernet,
		      const struct usernet_request *request)
{
	static const char *const words[] = { "--config-net", "--foreground", "--quiet",
					     "--no-map-gw",  "--pid",        "/dev/stdout",
					     "--ns-ifname",  "eth0",         "-T",
					     "none",         "-U",           "none",
					     "--netns",      NET_FILE };
	char forwarder[CIDR_TEXT_MAX];

	ADD_WORDS(arguments, words);
	add(arguments, "--dns-forward");
	add(arguments, "%s", cidr_print_address(&usernet->forwarder, forwarder));
	add_ports(arguments, request->spec, IPPROTO_TCP, "-t");
	add_ports(arguments, request->spec, IPPROTO_UDP, "-u");
	if (request->is_privileged) {
		/* As nobody it could not enter a namespace that root has made. */
		add(arguments, "--runas");
		add(arguments, "0:0");
	}
	if (request->user < 0) {
		add(arguments, "--netns-only");
	} else {
		add(arguments, "--userns");
		add(arguments, "%s", USER_FILE);
	}
}

/* slirp4netns(1): the addresses are its own defaults; it writes to its standard output once all stands. */
static void add_slirp(struct arguments *arguments, const struct usernet_request *request)
{
	static const char *const words[] = { "--configure", "--mtu=65520",
					     "--disable-host-loopback", "--ready-fd=1",
					     "--netns-type=path" };

	ADD_WORDS(arguments, words);
	if (request->user >= 0)
		add(arguments, "--userns-path=%s", USER_FILE);
	add(arguments, "%s", NET_FILE);
	add(arguments, "eth0");
}

char **usernet_arguments(const struct usernet *usernet, const struct usernet_request *request,
			 struct arena *arena)
{
	struct arguments arguments = {
		.arena = arena,
		.rows = arena_take(arena, ARGUMENTS_MAX * sizeof(*arguments.rows)),
	};

	if (arguments.rows == NULL)
		return NULL;
	add(&arguments, "%s", usernet->program);
	if (usernet->kind == USERNET_PASTA)
		add_pasta(&arguments, usernet, request);
	else
		add_slirp(&arguments, request);
	return arguments.is_over ? NULL : arguments.rows;
}

/* --- the keeper --------------------------------------------------------------------------------------------------------- */

/* What is open in the child, and where it goes. */
struct pipes {
	int hold[2];  /* sv's end, the keeper's */
	int ready[2]; /* sv's end, the program's standard output */
	int errors;   /* a memfd: the program's standard error */
};

static int bind_namespace(int namespace, const char *file)
{
	char source[32];
	FD int fd = sys_openat(AT_FDCWD, file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return fd;
	(void)snprintf(source, sizeof(source), "/proc/self/fd/%d", namespace);
	return sys_mount(source, file, NULL, MS_BIND, NULL);
}

static int show_namespaces(const struct usernet_request *request)
{
	int result = sys_unshare(CLONE_NEWNS);

	if (result == 0)
		result = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	if (result == 0)
		result = sys_mount("tmpfs", "/sys", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
				   "mode=700,size=64k");
	if (result == 0)
		result = bind_namespace(request->net, NET_FILE);
	if (result == 0 && request->user >= 0)
		result = bind_namespace(request->user, USER_FILE);
	return result;
}

/* Nothing of sv's is open in it but what it writes to, and no signal is blocked. */
static _Noreturn void run_program(const struct usernet *usernet, const struct pipes *pipes,
				  char *const *arguments)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *environment[] = { path, NULL };
	const sys_sigset none = 0;
	FD int null = sys_openat(AT_FDCWD, "/dev/null", O_RDONLY, 0);

	if (sys_dup3(pipes->ready[1], 1, 0) < 0 || sys_dup3(pipes->errors, 2, 0) < 0 ||
	    (null != 0 && sys_dup3(null, 0, 0) < 0))
		_exit(1);
	(void)sys_close_range(3, UINT_MAX, 0);
	(void)sys_rt_sigprocmask(SIG_SETMASK, &none, NULL);
	(void)sys_execve(usernet->program, arguments, environment);
	_exit(127);
}

/* Until sv's end of the socket is closed, or the program ends: then the container has no network any more. */
static _Noreturn void keep(const struct usernet *usernet, const struct usernet_request *request,
			   const struct pipes *pipes, char *const *arguments)
{
	struct pollfd wait[2] = { { .fd = pipes->hold[1], .events = POLLIN } };
	siginfo_t info;
	long pid;

	/* A ^C of the terminal's is not meant for it. */
	(void)sys_setsid();
	if (show_namespaces(request) < 0)
		_exit(1);
	pid = sys_fork();
	if (pid == 0)
		run_program(usernet, pipes, arguments);
	if (pid < 0)
		_exit(1);
	wait[1] = (struct pollfd){ .fd = sys_pidfd_open((pid_t)pid, 0), .events = POLLIN };
	if (sys_dup3(pipes->hold[1], 0, 0) < 0 || sys_dup3(wait[1].fd, 1, 0) < 0)
		_exit(1);
	wait[0].fd = 0;
	wait[1].fd = 1;
	(void)sys_close_range(2, UINT_MAX, 0);
	while (sys_poll(wait, 2, -1) < 0)
		;
	(void)sys_kill((pid_t)pid, SIGKILL);
	(void)sys_waitid(P_PID, (int)pid, &info, WEXITED);
	_exit(0);
}

/* --- sv's side ------------------------------------------------------------------------------------------------------------ */

static void pipes_close(struct pipes *pipes)
{
	fd_close(&pipes->hold[0]);
	fd_close(&pipes->hold[1]);
	fd_close(&pipes->ready[0]);
	fd_close(&pipes->ready[1]);
	fd_close(&pipes->errors);
}

static int pipes_open(struct pipes *pipes)
{
	int result;

	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 }, -1 };
	result = sys_socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, pipes->hold);
	/* A pipe: a socket can't be opened again by its name, as pasta does. */
	if (result == 0)
		result = sys_pipe2(pipes->ready, O_CLOEXEC);
	if (result == 0)
		result = pipes->errors = sys_memfd_create("errors", MFD_CLOEXEC);
	return result < 0 ? result : 0;
}

/* The last line of what it said that isn't about the machine's log, which it may not be let to write to. */
static void last_line(int errors, char *line, size_t size)
{
	char text[2048];
	ssize_t length = sys_pread(errors, text, sizeof(text) - 1, 0);
	char *next = text;

	line[0] = '\0';
	text[length < 0 ? 0 : length] = '\0';
	while (next != NULL) {
		char *word = strsep(&next, "\n");

		if (word[0] != '\0' && strstr(word, "to syslog") == NULL)
			(void)snprintf(line, size, "%s", word);
	}
}

static int await_ready(const struct usernet *usernet, struct pipes *pipes, struct error *error)
{
	struct pollfd wait = { .fd = pipes->ready[0], .events = POLLIN };
	char byte, line[256];
	int result;

	fd_close(&pipes->ready[1]);
	fd_close(&pipes->hold[1]);
	do
		result = sys_poll(&wait, 1, READY_MS);
	while (result == -EINTR);
	if (result > 0 && sys_read(pipes->ready[0], &byte, 1) == 1)
		return 0;
	if (result == 0)
		return error_set(error, -ETIMEDOUT, "%s does not make the container's network",
				 usernet->program);
	last_line(pipes->errors, line, sizeof(line));
	return error_set(error, 0, "%s can't make the container's network%s%s", usernet->program,
			 line[0] != '\0' ? ": " : "", line);
}

int usernet_start(struct usernet *usernet, const struct usernet_request *request,
		  struct error *error)
{
	struct arena arena = { .blocks = NULL };
	char **arguments = usernet_arguments(usernet, request, &arena);
	struct pipes pipes;
	int result = pipes_open(&pipes);
	long pid;

	if (arguments == NULL)
		result = -ENOMEM;
	if (result == 0) {
		pid = sys_fork();
		if (pid == 0) {
			fd_close(&pipes.hold[0]);
			keep(usernet, request, &pipes, arguments);
		}
		result = pid < 0 ? (int)pid : 0;
		usernet->keeper = pid < 0 ? 0 : (pid_t)pid;
	}
	if (result < 0) {
		(void)error_set(error, result, "cannot start %s", usernet->program);
	} else {
		usernet->hold = fd_take(&pipes.hold[0]);
		result = await_ready(usernet, &pipes, error);
	}
	pipes_close(&pipes);
	arena_free(&arena);
	return result;
}

void usernet_stop(struct usernet *usernet)
{
	siginfo_t info;

	fd_close(&usernet->hold);
	if (usernet->keeper > 0)
		(void)sys_waitid(P_PID, usernet->keeper, &info, WEXITED);
	usernet->keeper = 0;
}

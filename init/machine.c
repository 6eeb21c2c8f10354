/* SPDX-License-Identifier: MIT */
/*
 * The first process of a machine. The kernel has just started it, with its own stray arguments, no /proc, perhaps no
 * console. It mounts what a program expects, runs one command on the console, and when that ends, or power off is asked
 * for, brings everything down in order. It never exits: an exit of PID 1 is a kernel panic.
 *
 * On the kernel's command line (Documentation/admin-guide/kernel-parameters.rst):
 *     sv.command="..."   what to run, by /bin/sh -c; without it the words after " -- ", or else a login shell
 *     sv.status=FILE     where the command's status is written as well: a file, or a port such as /dev/ttyS1
 */
#include "serve.h"

#include "lib/fd.h"
#include "lib/text.h"
#include "mountinfo.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define GRACE_MS            5000
#define STATUS_FAILED       125
#define FIRST_PID_NAMESPACE 0xeffffffcU

/* linux/reboot.h */
#define REBOOT_RESTART   0x01234567U
#define REBOOT_HALT      0xcdef0123U
#define REBOOT_POWER_OFF 0x4321fedcU
#define REBOOT_CAD_OFF   0x00000000U

/* What the usual tools send to PID 1 (busybox, sysvinit, systemd), and the kernel for Ctrl-Alt-Del and a failing power supply. */
static const struct {
	int signal;
	unsigned how;
	const char *text;
} ends[] = {
	{ SIGINT, REBOOT_RESTART, "rebooting" },  /* Ctrl-Alt-Del */
	{ SIGTERM, REBOOT_RESTART, "rebooting" }, /* busybox reboot */
	{ SIGUSR1, REBOOT_HALT, "halting" },      /* busybox halt */
	{ SIGUSR2, REBOOT_POWER_OFF, "powering off" },
	{ SIGPWR, REBOOT_POWER_OFF, "powering off" },
	{ 34 + 3, REBOOT_HALT, "halting" }, /* SIGRTMIN+3: systemd's halt */
	{ 34 + 4, REBOOT_POWER_OFF, "powering off" },
	{ 34 + 5, REBOOT_RESTART, "rebooting" },
};

static const struct {
	const char *target, *type, *options;
	unsigned long flags;
} mounts[] = {
	{ "/proc", "proc", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "/sys", "sysfs", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "/dev", "devtmpfs", "mode=755", MS_NOSUID },
	{ "/dev/pts", "devpts", "ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC },
	{ "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "/run", "tmpfs", "mode=755", MS_NOSUID | MS_NODEV },
	{ "/sys/fs/cgroup", "cgroup2", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
};

static const struct {
	const char *path, *text;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Whether this is the machine's own PID namespace, by a procfs that nobody else sees: the first one has a fixed number
 * (linux/proc_ns.h). Who may not mount is in a container. Linux 5.2
 */
static bool is_first_namespace(void)
{
	FD int context = sys_fsopen("proc", FSOPEN_CLOEXEC), tree = -1;
	struct stat status;

	if (context < 0 || sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return false;
	tree = sys_fsmount(context, FSMOUNT_CLOEXEC, 0);
	return tree >= 0 && sys_fstatat(tree, "self/ns/pid", &status, 0) == 0 &&
	       status.st_ino == FIRST_PID_NAMESPACE;
}

/*
 * The kernel's own kthreadd is process 2 before anything else runs on a machine, and no session has been made. The first process
 * of a container may look the same, when it executes init late.
 */
bool is_machine(void)
{
	return sys_kill(2, 0) == 0 && getsid(0) == 0 && is_first_namespace();
}

static void say(const char *what, const char *object, int number)
{
	char text[REPORT_ERROR_SIZE];

	report_text(2, "init: ", what, object, number != 0 ? ": " : "",
		    number != 0 ? report_error(number, text) : "", "\n", NULL);
}

/* An initramfs or the one before us may have done it: a second tmpfs would hide what is in the first. */
static bool is_mounted(const char *target)
{
	struct stat here, above;
	char parent[64];
	size_t length = strlen(target);

	memcpy(parent, target, length + 1);
	memcpy(parent + length, "/..", 4);
	return sys_fstatat(AT_FDCWD, target, &here, 0) == 0 &&
	       sys_fstatat(AT_FDCWD, parent, &above, 0) == 0 && here.st_dev != above.st_dev;
}

static void mount_all(void)
{
	for (size_t i = 0; i < COUNT(mounts); i++) {
		int result;

		(void)sys_mkdirat(AT_FDCWD, mounts[i].target, 0755);
		if (is_mounted(mounts[i].target))
			continue;
		result = sys_mount(mounts[i].type, mounts[i].target, mounts[i].type,
				   mounts[i].flags, mounts[i].options);
		/* EBUSY: it was there. ENODEV: this kernel doesn't have it; what needs it will say so. */
		if (result < 0 && result != -EBUSY && result != -ENODEV)
			say("cannot mount ", mounts[i].target, result);
	}
	for (size_t i = 0; i < COUNT(links); i++)
		(void)sys_symlinkat(links[i].text, AT_FDCWD, links[i].path);
}

/* A whole small file with a NUL behind. "" where there is none. */
static void read_file(const char *path, char *text, size_t size)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	ssize_t got = fd < 0 ? 0 : sys_read(fd, text, size - 1);

	text[got < 0 ? 0 : got] = '\0';
	for (size_t end = strlen(text); end > 0 && text[end - 1] == '\n';)
		text[--end] = '\0';
}

/*
 * /dev/console itself is never a controlling terminal; the device behind it can be. The last one of the list is the one
 * that the kernel opens: Documentation/admin-guide/serial-console.rst
 */
static int open_console(void)
{
	char path[256] = "/dev/", active[240];
	const char *last;
	int fd;

	read_file("/sys/class/tty/console/active", active, sizeof(active));
	last = strrchr(active, ' ');
	last = last != NULL ? last + 1 : active;
	memcpy(path + 5, last, strlen(last) + 1);
	fd = last[0] != '\0' ? sys_openat(AT_FDCWD, path, O_RDWR | O_NOCTTY, 0) : -ENOENT;
	if (fd < 0)
		fd = sys_openat(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0);
	if (fd < 0)
		fd = sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
	return fd;
}

static void take_console(void)
{
	int fd = open_console();

	(void)sys_setsid();
	for (int standard = 0; fd >= 0 && standard < 3; standard++)
		if (standard != fd)
			(void)sys_dup3(fd, standard, 0);
	if (fd > 2)
		(void)sys_close(fd);
	(void)sys_ioctl(0, TIOCSCTTY, 1); /* 1: take it from a session that has it */
}

static void set_hostname(void)
{
	char name[65];

	read_file("/etc/hostname", name, sizeof(name));
	if (name[0] != '\0')
		(void)sys_sethostname(name, strlen(name));
}

/* --- the kernel's command line ---------------------------------------------------------------------------------------- */

#define WORDS_MAX 256

struct cmdline {
	char text[4096]; /* COMMAND_LINE_SIZE is 2048 to 4096 */
	char *command, *status;
	char *words[WORDS_MAX + 1]; /* after "--" */
};

/* Cuts the next word off, as the kernel does: spaces divide, double quotes join and go (lib/cmdline.c, next_arg()). */
static char *next_word(char **text)
{
	char *start, *out;
	bool is_quoted = false;

	while (**text == ' ')
		(*text)++;
	if (**text == '\0')
		return NULL;
	for (start = out = *text; **text != '\0' && (is_quoted || **text != ' '); (*text)++) {
		if (**text == '"')
			is_quoted = !is_quoted;
		else
			*out++ = **text;
	}
	if (**text != '\0')
		(*text)++;
	*out = '\0';
	return start;
}

static char *value_of(char *word, const char *key)
{
	size_t length = strlen(key);

	return strncmp(word, key, length) == 0 ? word + length : NULL;
}

static void read_cmdline(struct cmdline *cmdline)
{
	char *text = cmdline->text, *word, *value;
	bool is_ours = false;
	size_t count = 0;

	read_file("/proc/cmdline", cmdline->text, sizeof(cmdline->text));
	while ((word = next_word(&text)) != NULL) {
		if (is_ours && count < WORDS_MAX)
			cmdline->words[count++] = word;
		else if (strcmp(word, "--") == 0)
			is_ours = true;
		else if ((value = value_of(word, "sv.command=")) != NULL)
			cmdline->command = value;
		else if ((value = value_of(word, "sv.status=")) != NULL)
			cmdline->status = value;
	}
	cmdline->words[count] = NULL;
}

/* --- the command ------------------------------------------------------------------------------------------------------ */

static sys_sigset end_signals(void)
{
	sys_sigset set = 0;

	for (size_t i = 0; i < COUNT(ends); i++)
		set |= sys_sigbit(ends[i].signal);
	return set;
}

/* The command's exit status, or -N when signal N asked for the end. */
static int run_command(char *const *arguments)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char home[] = "HOME=/root", user[] = "USER=root", term[] = "TERM=linux";
	char *environment[] = { path, home, user, term, NULL };
	struct command command = {
		.arguments = arguments,
		.environment = environment,
		.terminal = terminal_find(),
		.socket = -1,
	};
	struct settings settings;
	struct service service = { .settings = &settings,
				   .socket = -1,
				   .procs = -1,
				   .signals = -1,
				   .ends = end_signals() };

	settings_default(&settings);
	service.terminal = command.terminal;
	service.command = command_start(&command);
	return service.command < 0 ? STATUS_FAILED : serve(&service);
}

/* --- the end ---------------------------------------------------------------------------------------------------------- */

static void write_status(const char *path, const char *status)
{
	FD int fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC, 0644);
	int result = fd;

	if (fd >= 0) {
		result = (int)sys_write(fd, status, strlen(status));
		if (result >= 0)
			result = (int)sys_write(fd, "\n", 1);
	}
	if (result < 0)
		say("cannot write the status to ", path, result);
}

static void report_end(const struct cmdline *cmdline, int status)
{
	char text[TEXT_NUMBER_MAX + 1];

	text[text_number(text, status)] = '\0';
	say("command ended with status ", text, 0);
	if (cmdline->status != NULL)
		write_status(cmdline->status, text);
}

/* Reaps until nobody is left, or the time is up. True when nobody is left. */
static bool reap_all(int milliseconds)
{
	struct timespec step = { .tv_nsec = 10000000 };
	const sys_sigset child = sys_sigbit(SIGCHLD);
	int64_t end = sys_now_ms() + milliseconds;
	siginfo_t info;

	for (;;) {
		int result;

		do {
			memset(&info, 0, sizeof(info));
			result = sys_waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL);
		} while (result == 0 && info.si_pid != 0);
		if (result == -ECHILD)
			return true;
		if (sys_now_ms() >= end)
			return false;
		(void)sys_rt_sigtimedwait(&child, NULL, &step);
	}
}

static void stop_everything(void)
{
	(void)sys_kill(-1, SIGTERM);
	(void)sys_kill(-1, SIGCONT);
	if (reap_all(GRACE_MS))
		return;
	(void)sys_kill(-1, SIGKILL);
	(void)reap_all(GRACE_MS);
}

/* The root, and what still holds the console and /proc, can only become read-only. */
static int unmount_one(const char *point)
{
	return point[1] != '\0' && sys_umount2(point, UMOUNT_NOFOLLOW) == 0;
}

static int remount_one(const char *point)
{
	return sys_mount(NULL, point, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

/* A mount inside another goes first: round after round, until a round frees nothing more. */
static void unmount_everything(void)
{
	FD int mountinfo = sys_openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0);

	if (mountinfo < 0)
		return;
	for (int round = 0; round < 64 && mountinfo_each(mountinfo, unmount_one) > 0; round++)
		;
	(void)mountinfo_each(mountinfo, remount_one);
}

static _Noreturn void bring_down(unsigned how, const char *text)
{
	int result;

	stop_everything();
	sys_sync();
	unmount_everything();
	sys_sync();
	say(text, "", 0);
	result = sys_reboot(how);
	say("cannot do it", "", result);
	for (;;)
		(void)reap_all(1000000000);
}

_Noreturn void run_machine(void)
{
	static const sys_sigset all = SYS_SIGSET_ALL;
	static char shell[] = "/bin/sh", login[] = "-l", string[] = "-c";
	static struct cmdline cmdline;
	char *arguments[] = { shell, login, NULL, NULL };
	int status;

	(void)sys_rt_sigprocmask(SIG_SETMASK, &all, NULL);
	(void)signals_watch_children();
	mount_all();
	take_console();
	(void)sys_reboot(REBOOT_CAD_OFF);
	(void)loopback_up();
	set_hostname();
	read_cmdline(&cmdline);
	if (cmdline.command != NULL) {
		arguments[1] = string;
		arguments[2] = cmdline.command;
	}
	status = run_command(cmdline.command == NULL && cmdline.words[0] != NULL ? cmdline.words
										 : arguments);
	if (status >= 0) {
		report_end(&cmdline, status);
		bring_down(REBOOT_POWER_OFF, "powering off");
	}
	for (size_t i = 0; i < COUNT(ends); i++)
		if (ends[i].signal == -status)
			bring_down(ends[i].how, ends[i].text);
	bring_down(REBOOT_POWER_OFF, "powering off");
}

/* SPDX-License-Identifier: MIT */
/* See stream.h. */
#include "stream.h"

#include "../init/lib/fd.h"
#include "file.h"
#include "rights.h"

#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_MISSING 127
#define EXIT_WARNING 2 /* of gzip and xz: done, but something is odd, as zeros behind the end */

static const struct {
	const char *magic;
	size_t length;
	const char *program, *package;
} formats[] = {
	{ "\x1f\x8b", 2, "gzip", "gzip" },
	{ "\xfd\x37zXZ", 6, "xz", "xz-utils (or xz)" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", "zstd" },
};

/* Reads until it has `size` bytes or the end comes. */
static ssize_t read_full(int fd, char *bytes, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t count = sys_read(fd, bytes + got, size - got);

		if (count == 0)
			break;
		if (count < 0 && count != -EINTR)
			return count;
		got += count > 0 ? (size_t)count : 0;
	}
	return (ssize_t)got;
}

/* A child without a signal at its end: the caller may listen for its own children's. */
static long fork_quietly(void)
{
	struct clone_args args = { .exit_signal = 0 };
	static const sys_sigset none = 0;
	pid_t parent = getpid();
	long pid = sys_clone3(&args);

	if (pid == 0) {
		(void)sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() != parent) /* it has ended before it was set */
			_exit(1);
		(void)sys_rt_sigprocmask(SIG_SETMASK, &none, NULL);
	}
	return pid;
}

/* Passes on what was read of a pipe already, then the rest. */
static _Noreturn void feed(int source, int out, const char *peek, size_t peeked)
{
	char buffer[16384];
	ssize_t count = (ssize_t)peeked;

	if (file_write(out, peek, peeked) < 0)
		_exit(1);
	while ((count = sys_read(source, buffer, sizeof(buffer))) != 0)
		if (count != -EINTR && (count < 0 || file_write(out, buffer, (size_t)count) < 0))
			_exit(1);
	_exit(0);
}

/* It says nothing of its own: what it has to say is in its status. */
static _Noreturn void execute(const char *program, int in, int out)
{
	char name[8], option[] = "-dc";
	char *arguments[] = { name, option, NULL };
	int null = sys_openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC, 0);

	(void)strncpy(name, program, sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	/* none of the three is 0, 1 or 2: sv sees to it that those are open */
	if (in > 0)
		(void)sys_dup3(in, STDIN_FILENO, 0);
	(void)sys_dup3(out, STDOUT_FILENO, 0);
	if (null >= 0)
		(void)sys_dup3(null, STDERR_FILENO, 0);
	/* the bytes are anybody's; the change of user has taken the signal away */
	rights_drop();
	(void)sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)execvp(name, arguments);
	_exit(EXIT_MISSING);
}

static int start_feeder(struct stream *stream, int source, int *in, struct error *error)
{
	int pair[2];
	int result = sys_pipe2(pair, O_CLOEXEC);
	long pid;

	if (result < 0)
		return error_set(error, result, "cannot make a pipe");
	pid = fork_quietly();
	if (pid == 0)
		feed(source, pair[1], stream->peek, stream->peeked);
	(void)sys_close(pair[1]);
	*in = pair[0];
	if (pid < 0)
		return error_set(error, (int)pid, "cannot fork");
	stream->feeder_pid = (pid_t)pid;
	return 0;
}

static int start_program(struct stream *stream, int source, struct error *error)
{
	bool can_seek = sys_lseek(source, -(int64_t)stream->peeked, SEEK_CUR) >= 0;
	FD int in = -1;
	int pair[2], result;
	long pid;

	if (!can_seek && start_feeder(stream, source, &in, error) < 0)
		return -1;
	result = sys_pipe2(pair, O_CLOEXEC);
	if (result < 0)
		return error_set(error, result, "cannot make a pipe");
	pid = fork_quietly();
	if (pid == 0)
		execute(stream->program, can_seek ? source : in, pair[1]);
	(void)sys_close(pair[1]);
	stream->fd = pair[0];
	if (pid < 0)
		return error_set(error, (int)pid, "cannot fork");
	stream->program_pid = (pid_t)pid;
	stream->used = stream->peeked; /* they went the other way */
	return 0;
}

int stream_open(struct stream *stream, int source, int signals, struct error *error)
{
	ssize_t got;

	*stream = (struct stream){ .fd = -1, .signals = signals };
	got = read_full(source, stream->peek, sizeof(stream->peek));
	if (got < 0)
		return error_set(error, (int)got, "cannot read the archive");
	stream->peeked = (size_t)got;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (stream->peeked < formats[i].length ||
		    memcmp(stream->peek, formats[i].magic, formats[i].length) != 0)
			continue;
		stream->program = formats[i].program;
		return start_program(stream, source, error);
	}
	stream->fd = sys_fcntl(source, F_DUPFD_CLOEXEC, 3);
	return stream->fd < 0 ? error_set(error, stream->fd, "cannot read the archive") : 0;
}

/* Its status, or -1 when a signal ended it. */
static int wait_for(pid_t *pid)
{
	siginfo_t info = { 0 };

	while (sys_waitid(P_PID, *pid, &info, WEXITED | __WALL) == -EINTR)
		continue;
	*pid = 0;
	return info.si_code == CLD_EXITED ? info.si_status : -1;
}

static int end_program(struct stream *stream, struct error *error)
{
	int status = stream->program_pid != 0 ? wait_for(&stream->program_pid) : 0;

	if (status == 0 || status == EXIT_WARNING)
		return 0;
	if (status != EXIT_MISSING)
		return error_hint(error,
				  error_set(error, 0,
					    "%s cannot decompress it: it is damaged or cut off",
					    stream->program),
				  "get it once more");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (stream->program == formats[i].program)
			return error_hint(
				error,
				error_set(error, 0,
					  "it is compressed with %s, which is not installed",
					  stream->program),
				"install the package %s", formats[i].package);
	return -1;
}

ssize_t stream_read(struct stream *stream, char *buffer, size_t size, struct error *error)
{
	struct pollfd wait[2] = { { .fd = stream->fd, .events = POLLIN },
				  { .fd = stream->signals, .events = POLLIN } };
	ssize_t count = (ssize_t)(stream->peeked - stream->used);

	if (count > 0) {
		memcpy(buffer, stream->peek + stream->used, (size_t)count);
		stream->used = stream->peeked;
		return count;
	}
	do {
		if (sys_poll(wait, 2, -1) >= 0 && wait[1].revents != 0)
			return error_set(error, -EINTR, "the import was interrupted");
		count = sys_read(stream->fd, buffer, size);
	} while (count == -EINTR);
	if (count < 0)
		return error_set(error, (int)count, "cannot read the archive");
	return count == 0 ? end_program(stream, error) : count;
}

void stream_close(struct stream *stream)
{
	pid_t *const pids[] = { &stream->program_pid, &stream->feeder_pid };

	fd_close(&stream->fd);
	for (size_t i = 0; i < 2; i++) {
		if (*pids[i] == 0)
			continue;
		(void)sys_kill(*pids[i], SIGKILL);
		(void)wait_for(pids[i]);
	}
}

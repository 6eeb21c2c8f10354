/* SPDX-License-Identifier: MIT */
/*
 * What init has to say. Under sv: records on the socket, and not a byte on anybody's terminal. Stand-alone: one line,
 * one write. A report must never hurt: no SIGPIPE, no wait on a reader that is gone.
 */
#include "init.h"

#include "lib/text.h"

#include <stdarg.h>
#include <string.h>

/* Stand-alone only; sv has words of its own for every step. */
static const char *step_text(enum plan_step step)
{
	switch ((int)step) {
	case PLAN_STEP_FORK:
		return "cannot start";
	case PLAN_STEP_SIGNALS:
		return "cannot take the signals for";
	case PLAN_STEP_INTERPRETER:
		return "cannot execute (its interpreter is missing)";
	default:
		return "cannot execute";
	}
}

/* The errors that starting a program or a machine meets. libc's own table would be a twentieth of init. */
static const struct {
	int number;
	const char *text;
} errors[] = {
	{ E2BIG, "Argument list too long" },
	{ EACCES, "Permission denied" },
	{ EAGAIN, "Resource temporarily unavailable" },
	{ EBUSY, "Device or resource busy" },
	{ EINVAL, "Invalid argument" },
	{ EIO, "Input/output error" },
	{ EISDIR, "Is a directory" },
	{ ELOOP, "Too many symbolic links" },
	{ EMFILE, "Too many open files" },
	{ ENODEV, "No such device" },
	{ ENOENT, "No such file or directory" },
	{ ENOEXEC, "Exec format error" },
	{ ENOMEM, "Out of memory" },
	{ ENOSPC, "No space left on device" },
	{ ENOTDIR, "Not a directory" },
	{ EPERM, "Operation not permitted" },
	{ EROFS, "Read-only file system" },
	{ ETXTBSY, "Text file busy" },
};

const char *report_error(int number, char text[REPORT_ERROR_SIZE])
{
	static const char prefix[] = "error ";

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].number == -number)
			return errors[i].text;
	memcpy(text, prefix, sizeof(prefix) - 1);
	text[sizeof(prefix) - 1 + text_number(text + sizeof(prefix) - 1, -number)] = '\0';
	return text;
}

struct line {
	char text[1024];
	size_t length;
};

/* Control bytes become '?': a name must not drive somebody's terminal. "\n" alone is the end of a line. */
static void line_add(struct line *line, const char *text)
{
	bool is_end = text[0] == '\n' && text[1] == '\0';
	char before = '\0';

	for (; *text != '\0' && line->length < sizeof(line->text) - 1; text++) {
		before = text_is_control(before, *text) && !is_end ? '?' : *text;
		line->text[line->length++] = before;
	}
}

/*
 * Never waits: a full pipe or a terminal that was stopped with ^S loses the line instead of holding up the container. A
 * pipe that poll() calls writable takes PIPE_BUF bytes, which is more than a line.
 */
static void line_write(const struct line *line, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	if (sys_poll(&wait, 1, 0) == 1 && wait.revents & POLLOUT)
		(void)sys_write(fd, line->text, line->length);
}

void report_text(int fd, ...)
{
	struct line line = { .length = 0 };
	const char *text;
	va_list words;

	va_start(words, fd);
	while ((text = va_arg(words, const char *)) != NULL)
		line_add(&line, text);
	va_end(words);
	line_write(&line, fd);
}

static void say(enum plan_step step, int number, const char *object)
{
	char text[REPORT_ERROR_SIZE];

	report_text(2, "init: ", step_text(step), " '", object, "'", number != 0 ? ": " : "",
		    number != 0 ? report_error(number, text) : "", "\n", NULL);
}

static int send_record(int socket, const struct plan_record *record, int fd, int flags)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec data = { .iov_base = (void *)record, .iov_len = sizeof(*record) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	return (int)sys_sendmsg(socket, &message, MSG_NOSIGNAL | flags);
}

int report_record(int socket, enum plan_record_kind kind, int value, int fd)
{
	struct plan_record record = { .kind = kind, .value = value };
	/* A stop may be lost rather than hold init up: a supervisor that is stopped itself reads nothing. */
	int result =
		send_record(socket, &record, fd, kind == PLAN_RECORD_STOPPED ? MSG_DONTWAIT : 0);

	return result < 0 ? result : 0;
}

int report_failure(int socket, enum plan_step step, int number, const char *object)
{
	struct plan_record record = { .kind = PLAN_RECORD_FAILED, .step = step, .number = -number };

	if (socket < 0) {
		say(step, number, object);
		return -1;
	}
	for (size_t i = 0; i < sizeof(record.object) - 1 && object[i] != '\0'; i++)
		record.object[i] = object[i];
	(void)send_record(socket, &record, -1,
			  0); /* sv sees the end of the socket even where this is lost */
	return -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * See error.h. A message is built in one buffer and leaves in one write, so that two processes'
 * lines never mix.
 */
#include "error.h"

#include "../init/lib/sys.h"
#include "../init/lib/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text, strerror, name and hint fit. Below PIPE_BUF, so that a pipe takes a line whole. */
#define LINE_SIZE 2048
_Static_assert(sizeof(struct error) + 256 < LINE_SIZE, "a full error fits");

/* A line being put together. What doesn't fit is cut off; there is always room for the newline. */
struct line {
	char text[LINE_SIZE];
	size_t used;
};

/* Where two names are one number, the one to print. Not formatted: it would be a line for each. */
/* clang-format off */
#define ROW(name) { name, #name },
static const struct {
	int number;
	char name[16];
} names[] = {
	ROW(EPERM) ROW(ENOENT) ROW(ESRCH) ROW(EINTR) ROW(EIO) ROW(ENXIO) ROW(E2BIG) ROW(ENOEXEC)
	ROW(EBADF) ROW(ECHILD) ROW(EAGAIN) ROW(ENOMEM) ROW(EACCES) ROW(EFAULT) ROW(ENOTBLK)
	ROW(EBUSY) ROW(EEXIST) ROW(EXDEV) ROW(ENODEV) ROW(ENOTDIR) ROW(EISDIR) ROW(EINVAL)
	ROW(ENFILE) ROW(EMFILE) ROW(ENOTTY) ROW(ETXTBSY) ROW(EFBIG) ROW(ENOSPC) ROW(ESPIPE)
	ROW(EROFS) ROW(EMLINK) ROW(EPIPE) ROW(EDOM) ROW(ERANGE) ROW(EDEADLK) ROW(ENAMETOOLONG)
	ROW(ENOLCK) ROW(ENOSYS) ROW(ENOTEMPTY) ROW(ELOOP) ROW(ENODATA) ROW(ETIME) ROW(EPROTO)
	ROW(EBADMSG) ROW(EOVERFLOW) ROW(EILSEQ) ROW(EUSERS) ROW(ENOTSOCK) ROW(EDESTADDRREQ)
	ROW(EMSGSIZE) ROW(EPROTOTYPE) ROW(ENOPROTOOPT) ROW(EPROTONOSUPPORT) ROW(EOPNOTSUPP)
	ROW(EAFNOSUPPORT) ROW(EADDRINUSE) ROW(EADDRNOTAVAIL) ROW(ENETDOWN) ROW(ENETUNREACH)
	ROW(ENETRESET) ROW(ECONNABORTED) ROW(ECONNRESET) ROW(ENOBUFS) ROW(EISCONN) ROW(ENOTCONN)
	ROW(ESHUTDOWN) ROW(ETIMEDOUT) ROW(ECONNREFUSED) ROW(EHOSTDOWN) ROW(EHOSTUNREACH)
	ROW(EALREADY) ROW(EINPROGRESS) ROW(ESTALE) ROW(EUCLEAN) ROW(EREMOTEIO) ROW(EDQUOT)
	ROW(ENOMEDIUM) ROW(EMEDIUMTYPE) ROW(ECANCELED) ROW(ENOKEY) ROW(EKEYEXPIRED)
	ROW(EKEYREVOKED) ROW(EKEYREJECTED) ROW(EOWNERDEAD) ROW(ENOTRECOVERABLE)
};
#undef ROW
/* clang-format on */

const char *error_name(int number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

int error_number(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0)
			return names[i].number;
	return 0;
}

int error_set(struct error *error, int number, const char *format, ...)
{
	va_list arguments;

	if (!error_is_set(error)) {
		error->number = number < 0 ? -number : number;
		va_start(arguments, format);
		(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
		va_end(arguments);
		/* an empty text would read as "no error" */
		if (!error_is_set(error))
			(void)strcpy(error->text, "failed");
	}
	return number < 0 ? number : number > 0 ? -number : -EINVAL;
}

int error_hint(struct error *error, int result, const char *format, ...)
{
	va_list arguments;

	if (error->hint[0] == '\0') {
		va_start(arguments, format);
		(void)vsnprintf(error->hint, sizeof(error->hint), format, arguments);
		va_end(arguments);
	}
	return result;
}

static void __attribute__((format(printf, 2, 0)))
line_add_v(struct line *line, const char *format, va_list arguments)
{
	size_t room = sizeof(line->text) - 1 - line->used;
	int wanted = vsnprintf(line->text + line->used, room, format, arguments);

	if (wanted > 0)
		line->used += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static void __attribute__((format(printf, 2, 3)))
line_add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_add_v(line, format, arguments);
	va_end(arguments);
}

/*
 * Names from a container or a command line may hold a terminal's control sequences: they are shown
 * as '?'.
 */
static void line_write(struct line *line)
{
	for (size_t i = 0; i < line->used; i++)
		if (text_is_control(i > 0 ? line->text[i - 1] : ' ', line->text[i]))
			line->text[i] = '?';
	line->text[line->used++] = '\n';
	(void)sys_write(STDERR_FILENO, line->text, line->used);
}

int error_print(const struct error *error)
{
	struct line line = { .used = 0 };

	line_add(&line, "sv: %s", error->text);
	if (error->number != 0) {
		const char *name = error_name(error->number);

		line_add(&line, ": %s", strerror(error->number));
		if (name != NULL)
			line_add(&line, " (%s)", name);
		else
			line_add(&line, " (errno %d)", error->number);
	}
	if (error->hint[0] != '\0')
		line_add(&line, "; hint: %s", error->hint);
	line_write(&line);
	return error->status != 0 ? error->status : EXIT_OF_SV;
}

void error_say(const char *format, ...)
{
	struct line line = { .used = 0 };
	va_list arguments;

	line_add(&line, "sv: ");
	va_start(arguments, format);
	line_add_v(&line, format, arguments);
	va_end(arguments);
	line_write(&line);
}

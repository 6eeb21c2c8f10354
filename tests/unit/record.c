/* SPDX-License-Identifier: MIT */
/* supervisor/record.c: what comes back from init, and what may come that init would never send. */
#include "supervisor/record.h"

#include "init/lib/fd.h"
#include "tap.h"

#include <errno.h>

static int pair[2] = { -1, -1 };

static void open_pair(void)
{
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	if (sys_socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, pair) < 0)
		printf("# no socket pair\n");
}

/* A packet with so many copies of a descriptor. */
static bool send_packet(const void *data, size_t size, int fd, size_t count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(fd), &fd, sizeof(fd));
	}
	return sys_sendmsg(pair[1], &message, MSG_NOSIGNAL) == (ssize_t)size;
}

/* The lowest number that is free: descriptors that were lost raise it. */
static int lowest_free(void)
{
	int fd = sys_fcntl(pair[0], F_DUPFD_CLOEXEC, 0);

	(void)close(fd);
	return fd;
}

static void receives_records(void)
{
	struct plan_record sent = { .kind = PLAN_RECORD_EXITED, .value = 7 }, got = { 0 };
	int fd = 99;

	open_pair();
	is_int(record_receive(pair[0], &got, &fd), 0, "nothing_is_there_yet");
	is_int(fd, -1, "and_no_descriptor");
	ok(send_packet(&sent, sizeof(sent), -1, 0) && record_receive(pair[0], &got, &fd) == 1 &&
		   got.kind == PLAN_RECORD_EXITED && got.value == 7,
	   "a_record_comes_as_it_was_sent");
	memset(sent.object, 'x', sizeof(sent.object));
	(void)send_packet(&sent, sizeof(sent), -1, 0);
	(void)record_receive(pair[0], &got, &fd);
	is_int(memchr(got.object, '\0', sizeof(got.object)) != NULL, 1, "its_text_has_an_end");
	(void)close(pair[1]);
	pair[1] = -1;
	is_int(record_receive(pair[0], &got, &fd), -ECONNRESET, "the_other_side_s_end_is_seen");
}

static void receives_descriptors(void)
{
	struct plan_record record = { .kind = PLAN_RECORD_READY };
	struct stat one, other;
	int fd = -1, free_before;

	open_pair();
	free_before = lowest_free();
	ok(send_packet(&record, sizeof(record), 1, 1) &&
		   record_receive(pair[0], &record, &fd) == 1 && fd >= 0,
	   "a_descriptor_comes_along");
	ok(fstat(1, &one) == 0 && fstat(fd, &other) == 0 && one.st_ino == other.st_ino &&
		   one.st_dev == other.st_dev,
	   "the_right_one");
	is_int(sys_fcntl(fd, F_GETFD, 0), FD_CLOEXEC, "and_close_on_exec");
	fd_close(&fd);
	for (size_t count = 2; count <= 4; count++) {
		(void)send_packet(&record, sizeof(record), 1, count);
		(void)record_receive(pair[0], &record, &fd);
		fd_close(&fd);
	}
	is_int(lowest_free(), free_before, "more_than_one_and_none_is_lost");
	record.kind = PLAN_RECORD_COUNT;
	(void)send_packet(&record, sizeof(record), 1, 1);
	ok(record_receive(pair[0], &record, &fd) < 0 && fd == -1 && lowest_free() == free_before,
	   "one_that_comes_with_garbage_is_closed");
}

static void refuses_garbage(void)
{
	struct plan_record record = { .kind = PLAN_RECORD_FAILED, .step = PLAN_STEP_EXEC }, got;
	char large[sizeof(record) + 8] = { 0 };
	bool refused = true;
	int fd;

	open_pair();
	for (size_t size = 1; size < sizeof(record); size++) {
		(void)send_packet(&record, size, -1, 0);
		refused = refused && record_receive(pair[0], &got, &fd) == -EBADMSG;
	}
	ok(refused, "a_packet_that_is_too_short_is_no_record");
	(void)send_packet(large, sizeof(large), -1, 0);
	ok(record_receive(pair[0], &got, &fd) == 1, "what_a_longer_one_has_too_much_is_not_read");
	record.step = PLAN_STEP_COUNT;
	(void)send_packet(&record, sizeof(record), -1, 0);
	is_int(record_receive(pair[0], &got, &fd), -EBADMSG, "nor_one_with_an_unknown_step");
	record.step = UINT32_MAX;
	(void)send_packet(&record, sizeof(record), -1, 0);
	is_int(record_receive(pair[0], &got, &fd), -EBADMSG, "however_large");
	record = (struct plan_record){ .kind = PLAN_RECORD_COUNT };
	(void)send_packet(&record, sizeof(record), -1, 0);
	is_int(record_receive(pair[0], &got, &fd), -EBADMSG, "nor_one_of_unknown_kind");
}

/* init fails before it has read its release: the unread byte makes the kernel report a reset before the record. */
static void hears_of_a_failure_before_the_release(void)
{
	struct plan_record record = { .kind = PLAN_RECORD_FAILED, .step = PLAN_STEP_ROOT },
			   got = { 0 };
	int fd;

	open_pair();
	(void)sys_write(pair[0], "", 1);
	(void)send_packet(&record, sizeof(record), -1, 0);
	(void)close(pair[1]);
	pair[1] = -1;
	ok(record_receive(pair[0], &got, &fd) == 1 && got.step == PLAN_STEP_ROOT,
	   "a_failure_before_the_release_is_heard");
	ok(record_receive(pair[0], &got, &fd) < 0, "and_then_the_end");
}

static void explains_every_step(void)
{
	bool has_words = true, has_status = true, has_object = true;

	for (uint32_t step = 0; step < PLAN_STEP_COUNT; step++) {
		struct plan_record record = { .kind = PLAN_RECORD_FAILED,
					      .step = step,
					      .number = ENOENT,
					      .object = "thing" };
		struct error error = { 0 };

		record_explain(&record, &error);
		has_words = has_words && error.text[0] >= 'a' && error.text[0] <= 'z' &&
			    strchr(error.text, '%') == NULL && strchr(error.text, '\n') == NULL;
		/* where sv's own child fails there is no object */
		has_object = has_object && strstr(error.text, "thing") != NULL;
		has_status = has_status && error.status == (step == PLAN_STEP_EXEC          ? 127
							    : step == PLAN_STEP_INTERPRETER ? 126
											    : 125);
	}
	ok(has_words, "every_step_has_words");
	ok(has_object, "with_the_object");
	ok(has_status, "and_a_status");
}

static void explains_exec(void)
{
	static const struct {
		int number, status;
		const char *object, *hint;
	} rows[] = {
		{ ENOENT, 127, "prog", "PATH" },
		{ ENOENT, 127, "/bin/prog", "inside the rootfs" },
		{ ENOTDIR, 127, "/etc/passwd/x", "" },
		{ EACCES, 126, "prog", "x bit" },
		{ ENOEXEC, 126, "prog", "#!" },
		{ E2BIG, 126, "prog", "environment" },
		{ EISDIR, 126, "prog", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan_record record = { .kind = PLAN_RECORD_FAILED,
					      .step = PLAN_STEP_EXEC,
					      .number = rows[i].number };
		struct error error = { 0 };

		(void)snprintf(record.object, sizeof(record.object), "%s", rows[i].object);
		record_explain(&record, &error);
		ok(error.status == rows[i].status && error.number == rows[i].number &&
			   strstr(error.hint, rows[i].hint) != NULL,
		   "exec %s: %d, %s", error_name(rows[i].number), error.status, error.hint);
	}
}

static void explains_strange_records(void)
{
	static const int numbers[] = { 0, -1, INT32_MIN, INT32_MAX, 4096, 1 };
	struct plan_record record = { .kind = PLAN_RECORD_FAILED, .step = PLAN_STEP_MOUNT };
	bool good = true;

	memset(record.object, '%', sizeof(record.object) - 1);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct error error = { 0 };

		record.number = numbers[i];
		record_explain(&record, &error);
		good = good && strstr(error.text, "%%%%") != NULL &&
		       error.number == (numbers[i] == 1 ? 1 : 0);
	}
	ok(good, "neither_numbers_nor_percent_signs_confuse_it");
}

int main(void)
{
	receives_records();
	receives_descriptors();
	refuses_garbage();
	hears_of_a_failure_before_the_release();
	explains_every_step();
	explains_exec();
	explains_strange_records();
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* supervisor/options.c: the table against itself, the words of a command line, and precedence. */
#include "supervisor/options.h"

#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define WORDS_MAX 40

/* A command line that was parsed; words are cut at spaces, '~' stands for an empty word. */
struct run {
	char line[512];
	char *argv[WORDS_MAX + 1];
	int argc;
	struct spec spec;
	struct error error;
	int result;
};

static struct run *parse(struct run *run, const char *line)
{
	(void)snprintf(run->line, sizeof(run->line), "run %s", line);
	run->argc = 0;
	for (char *word = strtok(run->line, " "); word != NULL && run->argc < WORDS_MAX;
	     word = strtok(NULL, " "))
		run->argv[run->argc++] = strcmp(word, "~") == 0 ? word + 1 : word;
	run->argv[run->argc] = NULL;
	run->error = (struct error){ 0 };
	run->spec = (struct spec){ .rootfs = NULL };
	run->result = options_parse(&run->spec, run->argc, run->argv, &run->error);
	return run;
}

static void done(struct run *run)
{
	options_free(&run->spec);
}

/* The line is refused, and text and hint hold these words. */
static void refuses(const char *line, const char *text, const char *hint)
{
	struct run run;

	(void)parse(&run, line);
	ok(run.result < 0 && strstr(run.error.text, text) != NULL &&
		   strstr(run.error.hint, hint) != NULL,
	   "refuses: %s", line);
	if (run.result == 0 || strstr(run.error.text, text) == NULL)
		printf("# result %d, text '%s', hint '%s'\n", run.result, run.error.text,
		       run.error.hint);
	done(&run);
}

static void accepts(const char *line)
{
	struct run run;

	(void)parse(&run, line);
	ok(run.result == 0, "accepts: %s", line);
	if (run.result < 0)
		printf("# text '%s', hint '%s'\n", run.error.text, run.error.hint);
	done(&run);
}

static void table_is_sound(void)
{
	bool unique = true, complete = true, grouped = true, short_help = true;

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		complete = complete && row->set != NULL && row->field < sizeof(struct spec) &&
			   (row->metavar == NULL) == (row->kind == OPTION_FLAG);
		if (row->name == NULL || row->help == NULL) {
			ok(false, "row %zu has a name and a text", i);
			continue;
		}
		short_help = short_help && strlen(row->help) <= 64 && strlen(row->name) < 28;
		grouped = grouped && (i == 0 || row->group >= option_rows[i - 1].group);
		unique = unique && options_find(row->name, strlen(row->name)) == row;
		if (row->alias != NULL)
			unique = unique && options_find(row->alias, strlen(row->alias)) == row;
		for (size_t j = 0; j < i; j++)
			unique = unique &&
				 (row->letter == 0 || row->letter != option_rows[j].letter);
	}
	ok(unique, "no_name_or_letter_is_there_twice");
	ok(complete, "every_row_is_complete");
	ok(grouped, "groups_stand_together");
	ok(short_help, "names_and_texts_fit_the_help");
}

static void every_option_of_the_issue_is_there(void)
{
	static const char *const names[] = {
		"hostname",
		"name",
		"env",
		"env-file",
		"workdir",
		"user",
		"volume",
		"tmpfs",
		"read-only",
		"ulimit",
		"domainname",
		"shm-size",
		"device",
		"sysctl",
		"group-add",
		"entrypoint",
		"umask",
		"oom-score-adj",
		"preserve-fds",
		"stop-signal",
		"stop-timeout",
		"timeout",
		"monotonic-offset",
		"boottime-offset",
		"net",
		"ipc",
		"uts",
		"pid",
		"memory",
		"memory-swap",
		"memory-reservation",
		"cpus",
		"cpu",
		"cpu-shares",
		"cpu-period",
		"cpu-quota",
		"cpuset-cpus",
		"cpuset-mems",
		"pids-limit",
		"blkio-weight",
		"device-read-bps",
		"device-write-bps",
		"cgroup-parent",
		"tty",
		"no-tty",
		"dry-run",
		"file",
		"verbose",
		"help",
		"network",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(options_find(names[i], strlen(names[i])) != NULL, "has --%s", names[i]);
	ok(options_find("mem", 3) == NULL, "names_are_not_abbreviated");
}

static void help_lists_every_option(void)
{
	FILE *file = tmpfile();
	char text[16384], *line = text;
	size_t size, lines = 0, longest = 0;

	is_int(options_print_help(fileno(file)), 0, "help_is_written");
	rewind(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	(void)fclose(file);
	for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		lines += strncmp(line, "  -", 3) == 0 || strncmp(line, "      --", 8) == 0;
		longest = strlen(line) > longest ? strlen(line) : longest;
		if (strncmp(line, "      --net ", 12) == 0)
			ok(strstr(line, "less isolation") != NULL,
			   "help_says_that_net_host_is_less_isolation");
	}
	is_int(lines, option_count, "help_has_a_line_for_each_option");
	ok(longest <= 100 && longest > 60, "no_line_is_longer_than_100_columns");
	is_int(options_print_help(-1), -EBADF, "a_closed_stdout_is_an_error");
}

static void defaults_are_unset(void)
{
	struct run run;
	struct spec *spec = &parse(&run, "rootfs")->spec;

	ok(run.result == 0 && spec->command == NULL && spec->name == NULL && spec->env.count == 0,
	   "a_rootfs_alone_is_enough");
	ok(spec->memory == SPEC_UNSET && spec->memory_swap == SPEC_UNSET &&
		   spec->cpu_quota == SPEC_UNSET && spec->cpu_period == SPEC_UNSET &&
		   spec->pids_limit == SPEC_UNSET && spec->umask == SPEC_UNSET &&
		   spec->stop_signal == SPEC_UNSET && spec->stop_timeout == SPEC_UNSET &&
		   spec->timeout == SPEC_UNSET && spec->preserve_fds == SPEC_UNSET &&
		   spec->oom_score_adj == SPEC_UNSET && spec->monotonic_offset == SPEC_UNSET,
	   "numbers_are_unset");
	ok(spec->shm_size == 0 && spec->tty == SPEC_TTY_AUTO && !spec->host_namespace[SPEC_NET],
	   "the_rest_is_zero");
	done(&run);
}

/* The command, joined with spaces. */
static const char *command_of(const struct spec *spec, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; spec->command != NULL && spec->command[i] != NULL; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? " " : "",
					 spec->command[i]);
	return text;
}

static void commands(const char *line, const char *rootfs, const char *command)
{
	struct run run;
	char text[512];

	(void)parse(&run, line);
	is_str(run.result == 0 ? run.spec.rootfs : run.error.text, rootfs, line);
	is_str(command_of(&run.spec, text, sizeof(text)), command, "and its command");
	done(&run);
}

static void options_end_at_rootfs(void)
{
	commands("root", "root", "");
	commands("root ls -l --memory 5", "root", "ls -l --memory 5");
	commands("root -- ls -l", "root", "ls -l");
	commands("root -- -m", "root", "-m");
	commands("root -- -- x", "root", "-- x");
	commands("-m 64m root --help", "root", "--help");
	commands("-- root ls", "root", "ls");
	commands("-- --root ls", "--root", "ls");
	commands("--read-only -- root -- ls", "root", "ls");
	commands("- ls", "-", "ls");
	commands("root sh -c ~", "root", "sh -c ");
	refuses("~ ls", "no ROOTFS", "sv run");
	refuses("", "no ROOTFS", "ROOTFS");
	refuses("--read-only", "no ROOTFS", "ROOTFS");
	refuses("--", "no ROOTFS", "ROOTFS");
}

static void memory(const char *line, int64_t wanted)
{
	struct run run;

	(void)parse(&run, line);
	is_int(run.result == 0 ? run.spec.memory : -1, wanted, line);
	done(&run);
}

static void spellings(void)
{
	struct run run;

	memory("-m 64m x", 64 << 20);
	memory("-m64m x", 64 << 20);
	memory("-m=64m x", 64 << 20);
	memory("--memory 64m x", 64 << 20);
	memory("--memory=64m x", 64 << 20);
	memory("-tm64m x", 64 << 20);
	memory("-tTm 64m x", 64 << 20);
	memory("-m 1g -m 64m x", 64 << 20);
	(void)parse(&run, "-tm 64m --read-only x");
	ok(run.spec.tty == SPEC_TTY_FORCE && run.spec.read_only, "flags_are_set");
	done(&run);
	(void)parse(&run, "-T --read-only --read-only=false --verbose=true x");
	ok(run.spec.tty == SPEC_TTY_FORBID && !run.spec.read_only && run.spec.verbose,
	   "flags_take_true_and_false");
	done(&run);
	(void)parse(&run, "-t --tty=false x");
	is_int(run.spec.tty, SPEC_TTY_AUTO, "a_tty_switched_off_is_the_default");
	done(&run);
	(void)parse(&run, "-e=A=1 -eB=2 -e C=3 x");
	ok(run.spec.env.count == 3 && strcmp(run.spec.env.rows[0], "A=1") == 0 &&
		   strcmp(run.spec.env.rows[1], "B=2") == 0,
	   "a_value_may_hold_an_equals_sign");
	done(&run);
}

static void bad_words(void)
{
	refuses("--memroy 1 x", "unknown option '--memroy'", "did you mean '--memory'?");
	refuses("--memroy=1 x", "unknown option '--memroy'", "did you mean '--memory'?");
	refuses("--qqqqqqqq x", "unknown option '--qqqqqqqq'", "--help");
	refuses("--=5 x", "unknown option '--'", "--help");
	refuses("-Z x", "unknown option '-Z'", "--help");
	refuses("-tZ x", "unknown option '-Z'", "--help");
	refuses("-m", "--memory needs a value", "--memory SIZE");
	refuses("--name", "--name needs a value", "--name NAME");
	refuses("--read-only=yes x", "--read-only: 'yes'", "");
	refuses("--tty= x", "--tty: ''", "");
	refuses("-m 64q x", "--memory: '64q' is not a size", "64m");
	refuses("-m -1 x", "--memory: '-1' is not a size", "64m");
	refuses("-m 0 x", "--memory: '0' is out of range", "above 0");
	refuses("-m 99999999999999999999 x", "--memory: '99999999999999999999' is out of range",
		"64m");
	refuses("-m= x", "--memory: '' is not a size", "64m");
	refuses("--cpus 0 x", "--cpus: '0' is out of range", "0.01");
	refuses("--cpus abc x", "--cpus: 'abc' is not a number", "0.5");
	refuses("-v /src:dst x", "--volume: '/src:dst'", "absolute");
	refuses("-v /dst x", "--volume: '/dst' lacks a source", "SRC:DST");
	refuses("--name a/b x", "--name: 'a/b'", "letters");
	refuses("--name .. x", "--name: '..'", "letters");
	refuses("--name a..b x", "--name: 'a..b'", "letters");
}

/* What Docker's users type: the reason, not the nearest name. */
static void words_of_elsewhere(void)
{
	refuses("-i x", "unknown option '-i'", "always connected");
	refuses("-it x", "unknown option '-i'", "always connected");
	refuses("-ti x", "unknown option '-i'", "always connected");
	refuses("--interactive x", "unknown option '--interactive'", "always connected");
	refuses("--interactive=true x", "unknown option '--interactive'", "always connected");
	refuses("--rm x", "unknown option '--rm'", "leave it out");
	refuses("-d x", "unknown option '-d'", "foreground");
	refuses("-dit x", "unknown option '-d'", "foreground");
	refuses("--detach x", "unknown option '--detach'", "foreground");
	refuses("-p 80:80 x", "--publish: this network has no ports", "--net bridge");
	refuses("-p80:80 --net host x", "--publish: with --net host", "leave it out");
	refuses("--isolate --net host x", "--isolate: there is no bridge", "--net bridge");
	refuses("-P x", "unknown option '-P'", "--publish");
	refuses("--link db x", "unknown option '--link'", "names");
	refuses("--init x", "unknown option '--init'", "leave it out");
	refuses("--mount type=bind x", "unknown option '--mount'", "--volume");
	refuses("--restart always x", "unknown option '--restart'", "service manager");
	refuses("--security-opt a x", "unknown option '--security-opt'", "--seccomp");
	refuses("--rootfs x", "unknown option '--rootfs'", "first word");
	refuses("--dns 1.1.1.1 x", "--dns: there is no network to use it", "--net bridge");
	for (size_t i = 0; i < option_count; i++)
		ok(options_elsewhere(option_rows[i].name, strlen(option_rows[i].name)) == NULL &&
			   (option_rows[i].letter == 0 ||
			    options_elsewhere(&option_rows[i].letter, 1) == NULL),
		   "--%s is sv's own", option_rows[i].name);
}

static void help_comes_first(void)
{
	struct run run;

	ok(parse(&run, "--help")->result == 0 && run.spec.help, "help_needs_no_rootfs");
	done(&run);
	ok(parse(&run, "-h --bogus")->result == 0 && run.spec.help,
	   "what_follows_help_does_not_matter");
	done(&run);
	ok(parse(&run, "-m 64q --help")->result == 0 && run.spec.help, "nor_do_values_before_it");
	done(&run);
	ok(parse(&run, "-e --help x")->result == 0 && !run.spec.help, "a_value_is_no_option");
	done(&run);
	ok(parse(&run, "x --help")->result == 0 && !run.spec.help, "the_commands_help_is_its_own");
	done(&run);
}

static void belongs_together(void)
{
	struct run run;

	refuses("-m 64m --memory-swap 32m x", "--memory-swap", "");
	refuses("--memory-swap 32m -m 64m x", "--memory-swap", "");
	refuses("--memory-swap 32m x", "without --memory", "");
	refuses("-m 64m --memory-reservation 65m x", "--memory-reservation", "");
	refuses("--cpus 1 --cpu-quota 5000 x", "--cpus can't go with", "");
	refuses("--cpu-period 5000 --cpu 1 x", "--cpus can't go with", "");
	refuses("--hostname a --uts host x", "--hostname can't go with --uts host", "");
	refuses("--uts=host --domainname a x", "--domainname can't go with --uts host", "");
	refuses("--net host --sysctl net.core.somaxconn=1 x", "--net host", "");
	refuses("--net container:a --sysctl net.core.somaxconn=1 x", "another's network", "");
	refuses("--bridge a --net bridge:b x", "two bridges", "");
	refuses("--bridge a --net host x", "--bridge is of no use", "--net bridge");
	refuses("--bridge-addr 10.1.1.1/24 x", "--bridge-addr is of no use", "--net bridge");
	refuses("--net host --bridge-addr6 fd00::1/64 x", "--bridge-addr6 is of no use", "");
	refuses("--ip 10.1.1.2 --net ns:/x x", "--ip is of no use", "macvlan");
	refuses("--ip6 fd00::2 --net macvlan:a x", "--ip6 is of no use", "--net bridge");
	refuses("--mac-address 02:00:00:00:00:01 x", "--mac-address is of no use", "macvlan");
	accepts("--bridge a --net bridge:a --ip 10.1.1.2 --mac-address 02:00:00:00:00:01 x");
	accepts("--net macvlan:a --ip 10.1.1.2 --mac-address 02:00:00:00:00:01 x");
	refuses("--sysctl kernel.shmmax=1 --ipc host x", "--ipc host", "");
	refuses("--sysctl fs.mqueue.msg_max=1 --ipc host x", "--ipc host", "");
	(void)parse(&run,
		    "--cpus 0.1 -m 64m --memory-swap 64m --net host --sysctl kernel.shmmax=1 x");
	ok(run.result == 0 && run.spec.cpu_quota == 10000 && run.spec.cpu_period == 100000,
	   "cpus_become_quota_and_period");
	is_int(run.spec.memory_swap, 64 << 20, "swap_may_be_as_much_as_memory");
	done(&run);
	(void)parse(&run, "--memory-swap -1 x");
	ok(run.result == 0 && run.spec.memory_swap == -1, "unlimited_swap_needs_no_memory");
	done(&run);
	(void)parse(&run, "--memory-swap 0 x");
	ok(run.result == 0 && run.spec.memory_swap == SPEC_UNSET, "swap_0_is_ignored_as_in_docker");
	done(&run);
}

/* A file of its own with this text; the path is static. */
static const char *file_with(const char *text)
{
	static char path[32];
	int fd;

	(void)strcpy(path, "/tmp/sv-unit-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return "/nonexistent";
	(void)close(fd);
	return path;
}

static void command_line_wins_over_the_file(void)
{
	const char *path =
		file_with("memory = 1g\ncpus = 2\nenv = A=file\nenv = B=file\nrootfs = there\n"
			  "command = /bin/a\ncommand = b c\n");
	char line[256], text[64];
	struct run run;

	(void)snprintf(line, sizeof(line), "-m 64m -e A=line -f %s -e C=line", path);
	(void)parse(&run, line);
	is_str(run.error.text, "", "a_file_and_a_line_go_together");
	is_int(run.spec.memory, 64 << 20, "the_command_line_wins_wherever_the_file_is_named");
	is_int(run.spec.cpu_quota, 200000, "the_file_gives_the_rest");
	ok(run.spec.env.count == 3 && strcmp(run.spec.env.rows[0], "B=file") == 0 &&
		   strcmp(run.spec.env.rows[1], "A=line") == 0,
	   "lists_add_up_and_the_last_of_a_name_counts");
	is_str(run.spec.rootfs, "there", "the_root_comes_from_the_file");
	is_str(command_of(&run.spec, text, sizeof(text)), "/bin/a b c", "so_does_the_command");
	done(&run);
	(void)snprintf(line, sizeof(line), "-f %s here", path);
	(void)parse(&run, line);
	is_str(run.spec.rootfs, "here", "a_root_on_the_line_wins");
	is_str(command_of(&run.spec, text, sizeof(text)), "/bin/a b c", "and_leaves_the_command");
	done(&run);
	(void)snprintf(line, sizeof(line), "-f %s here sh", path);
	(void)parse(&run, line);
	is_str(command_of(&run.spec, text, sizeof(text)), "sh", "until_there_is_one");
	done(&run);
	(void)unlink(path);
	refuses("-f /nonexistent/x y", "'/nonexistent/x'", "");
}

static void env_beats_env_file(void)
{
	const char *path = file_with("A=file\nB=file\n");
	char line[256];
	struct run run;

	(void)snprintf(line, sizeof(line), "-e A=line --env-file %s x", path);
	(void)parse(&run, line);
	ok(run.result == 0 && run.spec.env.count == 2 &&
		   strcmp(run.spec.env.rows[1], "A=line") == 0,
	   "env_beats_env_file_wherever_they_stand");
	done(&run);
	(void)unlink(path);
}

int main(void)
{
	table_is_sound();
	every_option_of_the_issue_is_there();
	help_lists_every_option();
	defaults_are_unset();
	options_end_at_rootfs();
	spellings();
	bad_words();
	words_of_elsewhere();
	help_comes_first();
	belongs_together();
	command_line_wins_over_the_file();
	env_beats_env_file();
	return tap_done();
}

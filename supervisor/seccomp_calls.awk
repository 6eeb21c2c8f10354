# SPDX-License-Identifier: MIT
#
# The table of system calls: awk -f seccomp_calls.awk NATIVE COMPAT POLICY. The first two are what the preprocessor knows after
# <asm/unistd.h> (cpp -dM), for the machine and for its 32-bit programs (empty where there is none); POLICY is the default
# policy, whose names are known even where neither has them. A row a name, sorted: CALL(offset of the name, number, number
# of the 32-bit call, name); -1 where there is no such call.
BEGIN { file = 0 }
FNR == 1 && FILENAME != last { last = FILENAME; file = FILENAME == ARGV[1] ? 1 : FILENAME == ARGV[2] ? 2 : 3 }
# __NR_x number, or the name of another macro that has it: __NR_x __NR3264_x
file < 3 && $1 == "#define" && $2 ~ /^__NR/ { value[file, $2] = $3 }
file < 3 && $1 == "#define" && $2 ~ /^__NR_[a-z0-9_]+$/ { name = substr($2, 6); names[name] = 1 }
file == 3 && $1 ~ /^(allow|errno)$/ {
	for (i = $1 == "errno" ? 3 : 2; i <= NF && $i != "if" && $i != "with"; i++)
		names[$i] = 1
}
function number(file, name,    at, steps) {
	at = "__NR_" name
	for (steps = 0; steps < 4 && ((file, at) in value); steps++) {
		at = value[file, at]
		if (at ~ /^[0-9]+$/) {
			return at + 0
		}
	}
	return -1
}
END {
	# markers of the generic headers, no calls
	delete names["syscalls"]
	delete names["arch_specific_syscall"]
	count = 0
	for (name in names)
		sorted[++count] = name
	# insertion sort, by bytes: asort() is not in every awk
	for (i = 2; i <= count; i++) {
		name = sorted[i]
		for (j = i; j > 1 && sorted[j - 1] > name; j--)
			sorted[j] = sorted[j - 1]
		sorted[j] = name
	}
	offset = 0
	for (i = 1; i <= count; i++) {
		name = sorted[i]
		printf "CALL(%d, %d, %d, \"%s\")\n", offset, number(1, name), number(2, name), name
		offset += length(name) + 1
	}
	print "#undef CALL"
}

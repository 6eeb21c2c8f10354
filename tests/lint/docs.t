#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents against the option table (which `sv run --help` prints), the verbs and the Makefile.
. "${0%/*}/../lib.sh"

cd "$TOP" || exit 1
[ -x "$SV" ] || make -s sv >"$T/make" 2>&1 || {
	fail 'sv is built, to print its options' || note "$(cat "$T/make")"
	done_testing
}

# A line an option: "letter long metavar", '-' where there is none. An alias is a line of its own.
"$SV" run --help | sed -nE \
	-e 's/^  (-(.),|   ) --([a-z0-9-]+)( ([^ ]+))?  +.*\(also --([a-z0-9-]+)\)$/\2 \3 \5\n \6 \5/' \
	-e 't split' \
	-e 's/^  (-(.),|   ) --([a-z0-9-]+)( ([^ ]+))?  +.*/\2 \3 \5/' \
	-e 't split' \
	-e 'b' -e ':split' -e 's/^ /- /; s/\n /\n- /g; s/ $/ -/; s/ \n/ -\n/g; p' >"$T/table"
sort "$T/table" >"$T/table.sorted"
cut -d ' ' -f 2 "$T/table" | sort >"$T/names"
"$SV" help | sed -nE 's/^  ([a-z]+) .*/\1/p' | sort >"$T/verbs"
"$SV" image --help | sed -nE 's/^ +--([a-z-]+).*/\1/p' >"$T/image.names"
ok 'so does that of images' test "$(wc -l <"$T/image.names")" -ge 2
ok 'the help lists options' test "$(wc -l <"$T/table")" -gt 40
ok 'the help lists verbs' grep -qx run "$T/verbs"

# diff_is NAME FILE FILE: the same lines.
diff_is() {
	if diff "$2" "$3" >"$T/diff"; then
		pass "$1"
	else
		fail "$1" || note "$(cat "$T/diff")"
	fi
}

# unknown FILE: the lines that are no option.
unknown() { sort -u "$1" | comm -23 - "$T/known"; }
sort -u "$T/names" "$T/image.names" >"$T/known"

# --- the manual ---------------------------------------------------------------------------------------------------

# .It Fl m , Fl -memory Ar SIZE        .It Fl -cpus Ar N , Fl -cpu Ar N
sed -n '/^\.Sh OPTIONS/,/^\.Sh CONTROL/p' docs/sv.1 | sed -nE 's/^\.It (Fl .*)/\1/p' | sed -E \
	-e 's/^Fl (.) , Fl -/\1 /; s/^Fl -/- /; s/ , Fl -/\n- /g' -e 's/ (Ar|Cm) / /g' |
	awk '{ print $0 (NF < 3 ? " -" : "") }' >"$T/manual"
sort "$T/manual" >"$T/manual.sorted"
diff_is 'sv.1 has the options of the table: letters, names, aliases, values' "$T/table.sorted" "$T/manual.sorted"
diff_is 'sv.1 has them in the order of the help' "$T/table" "$T/manual"

{
	grep -ohE 'Fl -[a-z][a-z0-9-]+' docs/sv.1 | sed 's/^Fl -//'
	# --scope is systemd-run's.
	grep -ohE -e '--[a-z][a-z0-9-]+' docs/sv.1 | sed 's/^--//' | grep -vx scope
} | grep -vx version >"$T/mentioned"
is "$(unknown "$T/mentioned")" '' 'sv.1 mentions no option that there is not'

sed -n '/^\.Sh DESCRIPTION/,/^\.Ss/p' docs/sv.1 | sed -nE 's/^\.It Cm (.*)/\1/p' | sort >"$T/manual.verbs"
diff_is 'sv.1 has the verbs' "$T/verbs" "$T/manual.verbs"

# What the help says about defaults and ranges stands in the manual's paragraph too.
awk '/^\.It Fl/ { name = ""; for (i = 1; i <= NF; i++) if ($i ~ /^-[a-z]/) { name = substr($i, 2); break } }
	/^\.(Sh|Ss)/ { name = "" }
	name != "" { print name, $0 }' docs/sv.1 | sed 's/\.$//' >"$T/paragraphs"
"$SV" run --help | sed -nE \
	-e 's/^  .{3} --([a-z0-9-]+).* (-?[0-9]+ to [0-9]+).*/\1 \2/p' \
	-e 's/^  .{3} --([a-z0-9-]+).*\(default: ([0-9a-zA-Z/]+)\).*/\1 \2/p' >"$T/facts"
ok 'the help states defaults and ranges' test "$(wc -l <"$T/facts")" -gt 5
while read -r name fact; do
	case $fact in one | the) continue ;; esac
	grep -E "^$name " "$T/paragraphs" | cut -d ' ' -f 2- | tr '\n' ' ' |
		sed -E 's/\.P[aq] //g; s/ \(never\)//' >"$T/paragraph"
	# -1000 to 1000 may have a remark in between
	pattern=$(printf %s "$fact" | sed 's/ to /( never)? to /')
	grep -Eq -e "$pattern" "$T/paragraph" && continue
	printf '%s: %s\n' "$name" "$fact"
done <"$T/facts" >"$T/unsaid"
is "$(cat "$T/unsaid")" '' 'sv.1 has the defaults and ranges of the help'

# init.8 against init's own help.
if [ -x "$INIT" ]; then
	"$INIT" --help | sed -nE 's/^  (-(.),|   ) --([a-z0-9-]+)( ([^ ]+))? .*/\2 \3 \5/p' |
		sed 's/^ /- /; s/ $/ -/' >"$T/init.table"
	sed -n '/^\.Sh OPTIONS/,/^\.Sh SIGNALS/p' docs/init.8 | sed -nE \
		-e 's/^\.It Fl (.) , Fl -([a-z-]+)( Ar (.*))?$/\1 \2 \4/p' -e 's/^\.It Fl -([a-z-]+)( Ar (.*))?$/- \1 \3/p' |
		sed 's/ $/ -/' >"$T/init.manual"
	ok "init's help lists options" test "$(wc -l <"$T/init.table")" -gt 5
	diff_is 'init.8 has the options of its help' "$T/init.table" "$T/init.manual"
	# Options of sv are mentioned there, too.
	cut -d ' ' -f 2 "$T/init.table" | sort -u - "$T/names" >"$T/all"
	{
		grep -ohE 'Fl -[a-z][a-z0-9-]+' docs/init.8 | sed 's/^Fl -//'
		grep -ohE -e '--[a-z][a-z0-9-]+' docs/init.8 | sed 's/^--//'
	} | grep -vx version >"$T/mentioned"
	is "$(sort -u "$T/mentioned" | comm -23 - "$T/all")" '' 'init.8 mentions no option that there is not'
else
	skip 'init is not built' 'init.8 has the options of its help'
fi

# Configuration keys of the examples.
# keys FILE: the keys in "key = value" lines.
keys() { sed -nE 's/^([a-z][a-z-]*) = .*/\1/p' "$1" | grep -vxE 'rootfs|command|key'; }
keys docs/sv.1 >"$T/keys"
ok 'sv.1 shows a configuration file' test -s "$T/keys"
is "$(unknown "$T/keys")" '' 'its keys are options'

# The tests of init number what they are about: each of the 25 lines has one.
missing=
for number in $(seq 1 25); do
	grep -rqE "^[^#]*[ \"'(]\($number\)" --include='*.t' --include='*.py' tests/init tests/vm tests/e2e tests/helpers || missing="$missing $number"
done
is "$missing" '' 'each of 1 to 25 is in the name of a test point of init'

for page in docs/sv.1 docs/init.8; do
	linters=0
	if command -v mandoc >/dev/null; then
		linters=1
		ok "mandoc finds nothing in $page" mandoc -Tlint -Wwarning "$page"
	fi
	if command -v groff >/dev/null; then
		linters=1
		is "$(groff -mandoc -Tascii -ww -z "$page" 2>&1)" '' "groff finds nothing in $page"
	fi
	[ "$linters" = 1 ] || skip 'neither mandoc nor groff' "$page is clean"
	is "$(LC_ALL=C grep -n '[^ -~]' "$page")" '' "$page is ASCII"
done
sed -nE 's/.* (docs\/[^ ]+\.[18]) .*/\1/p' Makefile >"$T/pages"
while read -r page; do
	ok "$page, which make install wants, is there" test -s "$page"
done <"$T/pages"

# --- README.md ----------------------------------------------------------------------------------------------------

# What is in code: spans and blocks. Spans that begin with another program's name are that program's.
awk '
	/^```/ { block = !block; next }
	block { print; next }
	{
		count = split($0, part, "`")
		for (i = 2; i < count; i += 2)
			if (part[i] !~ /^(docker|podman|bwrap|systemd-nspawn|systemd-run|crun|git|ssh|scp|man) /) print part[i]
	}' README.md >"$T/code"
ok 'README has code' test -s "$T/code"

# --memroy is there to show what a slip gives.
grep -oE -e '(^| )--[a-z][a-z0-9-]+' "$T/code" | sed 's/^ *--//' | grep -vx memroy >"$T/mentioned"
ok 'README mentions options' grep -qx memory "$T/mentioned"
is "$(unknown "$T/mentioned")" '' 'README mentions no option that there is not'
grep 'sv run' "$T/code" | sed -E 's/ (rootfs|ROOTFS|alpine|box|mine)( .*|$)//' |
	grep -oE -e ' -[a-zA-Z] ' | tr -d ' -' | sort -u >"$T/letters"
cut -d ' ' -f 1 "$T/table" | grep -v - | sort -u >"$T/table.letters"
is "$(comm -23 "$T/letters" "$T/table.letters")" '' 'README mentions no letter that there is not'

grep -oE '(^|[ /])sv [a-z]+' "$T/code" | sed 's/.*sv //' | grep -vx other | sort -u >"$T/mentioned"
is "$(comm -23 "$T/mentioned" "$T/verbs")" '' 'README mentions no verb that there is not'

sed -nE 's/^([a-z0-9-]+):.*/\1/p' Makefile | sort -u >"$T/targets"
grep -oE '(^|sudo )make( [a-z0-9-]+)+' "$T/code" | sed -E 's/^(sudo )?make //' | tr ' ' '\n' | sort -u >"$T/mentioned"
ok 'README has the two commands' test "$(grep -cxE 'sudo make (run|test)( .*)?' "$T/code")" -ge 2
is "$(comm -23 "$T/mentioned" "$T/targets")" '' 'README mentions no make target that there is not'
is "$(grep -oE '\b[A-Z]{2,}=' "$T/code" | tr -d = | sort -u | while read -r name; do
	grep -qE "(^|[^A-Z_])$name([^A-Z_]|$)" Makefile || echo "$name"; done)" '' 'its variables are the Makefile'"'"'s'

keys "$T/code" >"$T/keys"
ok 'README shows a configuration file' test -s "$T/keys"
is "$(unknown "$T/keys")" '' 'its keys are options'

grep -oE '\]\([^)]*\)' README.md | tr -d '[]()' | grep -v '^[a-z]*:' >"$T/links"
while read -r link; do
	case $link in
	'#'*) grep -E '^#+ ' README.md | sed -E 's/^#+ //' | tr 'A-Z ' 'a-z-' | tr -d "',?." | grep -qx -e "${link#?}" ;;
	*) [ -e "$link" ] ;;
	esac || echo "$link"
done <"$T/links" >"$T/dead"
is "$(cat "$T/dead")" '' 'its links lead somewhere'

# "`sv` is smaller than 200 KB ... `init` is smaller than 48 KB"
for name in sv init; do
	limit=$(tr '\n' ' ' <README.md | sed -nE 's/.*`'$name'` is smaller than ([0-9]+) KB.*/\1/p')
	file=$SV
	[ $name = sv ] || file=$INIT
	if [ -n "$limit" ] && [ -e "$file" ]; then
		size=$(wc -c <"$file")
		ok "$name is smaller than $limit KB, as README says ($size bytes)" test "$size" -lt "$((limit * 1024))"
	else
		fail "README says how big $name is" || note "limit '$limit', file $file"
	fi
done

# --- completions --------------------------------------------------------------------------------------------------

if command -v bash >/dev/null; then
	# shellcheck disable=SC2016
	bash --norc -c '
		source supervisor/completions/sv.bash
		COMP_WORDS=("$0" run -) COMP_CWORD=2
		_sv
		printf "%s\n" "${COMPREPLY[@]}"' "$SV" | sort >"$T/offered"
	"$SV" run --help | sed -nE \
		-e 's/^  (-.), (--[a-z0-9-]+).*/\1\n\2/p' -e 's/^  +(--[a-z0-9-]+).*/\1/p' | sort >"$T/expected"
	diff_is 'the bash completion offers the options' "$T/expected" "$T/offered"
else
	skip 'no bash' 'the bash completion offers the options'
fi
if command -v fish >/dev/null; then
	# shellcheck disable=SC2016
	HOME=$T fish --no-config -c 'source supervisor/completions/sv.fish; complete -C "$argv[1] run --"' "$SV" 2>/dev/null |
		cut -f 1 | grep '^--' | sort -u >"$T/offered"
	grep '^--' "$T/expected" | sort -u >"$T/expected.long"
	diff_is 'the fish completion offers the options' "$T/expected.long" "$T/offered"
else
	skip 'no fish' 'the fish completion offers the options'
fi
done_testing

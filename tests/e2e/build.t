#!/bin/sh
# SPDX-License-Identifier: MIT
# sv commit and sv image build: images out of containers.
. "${0%/*}/../lib.sh"

own_mounts
S=$T/store
N=build$$
mkdir -m 700 "$S"
with() { run "$SV" run --root "$S" "$@"; }
# left: what is in the store of containers and of work in progress; spare folders don't count.
left() { find "$S/containers" "$S/tmp" -mindepth 1 -maxdepth 1 ! -name '.*'; }
commit() { run "$SV" commit --root "$S" "$@"; }
tar -C "$ROOTFS" -cf "$T/root.tar" .
"$SV" image import --root "$S" box "$T/root.tar" >/dev/null || bail 'no image'
image=$(cat "$S/images/box")

# --- commit -------------------------------------------------------------------------------------------------------------

with --keep --name "$N" box /bin/sh -c 'mkdir -p /a/b; echo 1 >/a/b/c; chown 1000:1000 /a/b/c; chmod 4750 /a/b/c; ln /a/b/c /hard
	ln -s ../x /a/soft; rm /etc/passwd; rm -r /var; mkdir /var; touch /var/new'
commit "$N" mine
is "$status:$err" 0: 'a container becomes an image'
is "$(grep -c '^layer ' "$S/images/mine"):$(cat "$S/images/box")" "2:$image" 'of one layer more, and the other stays as it was'
with mine /bin/sh -c 'stat -c "%u %a %h" /a/b/c; readlink /a/soft; ls /etc/passwd; ls -A /var; stat -c %i /hard /a/b/c | uniq | wc -l'
is "$out" '1000 4750 2
../x
new
1' 'which has all that was written: owners, modes, links, folders that were emptied'
like "$err" 'passwd: No such file' 'and what was deleted is not there'
commit "$N" mine
is "$(grep -c '^layer ' "$S/images/mine")" 2 'the same again is the same'
with --name "$N" box cat /a/b/c
is "$status:$out" 0:1 'the container can go on'
with --keep --name "$N-2" mine /bin/sh -c 'echo more >/more'
commit "$N-2" mine
is "$(grep -c '^layer ' "$S/images/mine")" 3 'an image over an image, under its name'
with mine cat /a/b/c /more
is "$status:$out" '0:1
more' 'has both'
commit nothing x
like "$status:$err" "^125:sv: no container 'nothing' is kept; hint: these are: " 'an unknown container'
commit "$N" 'No Name'
like "$status:$err" "^125:sv: 'No Name' is not a name for an image" 'no name for an image'
with --keep --ephemeral --name "$N-3" "$ROOTFS" /bin/true
commit "$N-3" x
like "$status:$err" "^125:sv: container '$N-3' is over no image; hint: sv image import" 'a container over a directory'
start "$SV" run --root "$S" --name "$N" box /bin/sh -c 'echo ready; exec sleep 1000'
ready
commit "$N" x
like "$status:$err" "^125:sv: name '$N' is in use" 'one that runs'
kill "$pid"
finish
run "$SV" rm --root "$S" "$N" "$N-2" "$N-3"
is "$status:$(left)" 0: 'several can be removed at once'
with mine cat /more
is "$status:$out" 0:more 'their images stay'

# --- build --------------------------------------------------------------------------------------------------------------

C=$T/context
mkdir -p "$C/folder/deep"
echo file >"$C/file"
chmod 750 "$C/file"
chown 1234:1234 "$C/file"
echo deep >"$C/folder/deep/file"
cp "$C/file" "$C/folder/program"
cp "$C/file" "$C/program"
chown 1234:5 "$C/folder" "$C/folder/deep/file" "$C/folder/program" "$C/program"
chmod 6755 "$C/folder/program" "$C/program"
ln -s ../file "$C/folder/link"
chown -h 1234:5 "$C/folder/link"
ln -s file "$C/within"
ln -s ../../../../../../etc/passwd "$C/without"
build() { run "$SV" image build --root "$S" "$@"; }

cat >"$C/Recipe" <<'END'
# A comment, and an empty line.

from box
ENV A=1 "B=two words"
ENV C three words
WORKDIR /srv
WORKDIR app
COPY file within .
COPY folder /opt/folder
COPY program /opt/program
COPY file /etc/named
RUN echo "$A $B $C" >/said; \
    # in between
    pwd >>/said; \
    id -u >>/said
RUN ["/bin/touch", "made by a list"]
USER 1000
RUN id -u >/tmp/user
CMD ["/bin/cat", "/said"]
END
build made "$C"
is "$status:$out" 0: 'a recipe in a folder' || note "$err"
like "$err" '^sv: Recipe:12: RUN echo' 'it says what it is at'
with made
is "$status:$out" '0:1 two words three words
/srv/app
0' 'RUN has the environment and the folder, and CMD is the command'
with made /bin/sh -c 'id -u; pwd; ls; cat /tmp/user; cat /opt/folder/deep/file; readlink /opt/folder/link; stat -c "%u:%g %a" file /etc/named'
is "$status:$out" '0:1000
/srv/app
file
made by a list
within
1000
deep
../file
0:0 750
0:0 750' 'COPY takes files and folders, as root'\''s'
with -u 0 made /bin/sh -c 'cd /opt; stat -c "%u:%g %a" folder folder/deep/file folder/link folder/program program'
is "$status:$out" '0:0:0 755
0:0 644
0:0 777
0:0 755
0:0 755' 'COPY of a folder as well, and nobody'\''s program becomes one that runs as root'
is "$(grep -c '^layer ' "$S/images/made")" 2 'it is one layer'
is "$(left)" '' 'and nothing else is left'
printf 'FROM made\nENTRYPOINT ["/bin/echo"]\n' >"$C/second"
build made2 "$C/second"
with made2 x
is "$status:$out" 0:x 'a recipe by its own name, over that image; its entry point'
with made2
is "$status:$out" 0: 'for which the command of the other is not meant'

# refused NAME PATTERN LINE...: a recipe of these lines is refused.
refused() {
	name=$1 pattern=$2
	shift 2
	printf '%s\n' "$@" >"$C/bad"
	build bad "$C/bad"
	like "$status:$(printf '%s\n' "$err" | tail -n 1)" "^125:sv: $pattern" "refused: $name"
	ok 'and no image is made' [ ! -e "$S/images/bad" ]
	is "$(left)" '' 'nor is anything left'
}
bad=$C/bad
refused 'no FROM' "$bad:1: FROM must come first" 'RUN x'
refused 'two' "$bad:2: a second FROM" 'FROM box' 'FROM box'
refused 'an unknown image' "$bad:1: there is no image 'nothing'" 'FROM nothing'
refused 'an unknown keyword' "$bad:3: unknown keyword 'ADD'; hint: FROM, COPY" 'FROM box' '# x' 'ADD x y'
refused 'a keyword alone' "$bad:2: nothing follows" 'FROM box' 'RUN'
refused 'a command that fails' "$bad:2: RUN ended with status 3" 'FROM box' 'RUN exit 3' 'RUN echo never'
refused 'a command that is not there' "$bad:2: RUN ended with status 127" 'FROM box' 'RUN ["/no/such"]'
refused 'a quote' "$bad:2: a quote isn't closed" 'FROM box' 'ENV "A=b'
refused 'no variable' "$bad:2: a variable has no name" 'FROM box' 'ENV =b'
refused 'a line that goes on' "$bad: the last line is continued" 'FROM box' 'RUN x \'
refused 'a source that is missing' "$bad:2: COPY: cannot open 'missing' .*ENOENT" 'FROM box' 'COPY missing /x'
refused 'a source above' "$bad:2: COPY: '../root.tar' leads out" 'FROM box' 'COPY ../root.tar /x'
refused 'a source by a link' "$bad:2: COPY: 'without' leads out" 'FROM box' 'COPY without /x'
refused 'an absolute source is below the folder' "$bad:2: COPY: cannot open '/etc/passwd' .*ENOENT" 'FROM box' 'COPY /etc/passwd /x'
refused 'a source alone' "$bad:2: COPY lacks" 'FROM box' 'COPY file'
refused 'an option of COPY' "$bad:2: COPY has no options" 'FROM box' 'COPY --chown=1 file /x'
refused 'nothing' "$bad: nothing is in it" ''
build bad "$T"
like "$status:$err" "^125:sv: cannot open a recipe in '$T'.*Containerfile" 'a folder without a recipe'
build 'No Name' "$C"
like "$status:$err" "^125:sv: 'No Name' is not a name" 'no name'

# A target's links stay in the image.
mkdir "$T/outside"
printf 'FROM box\nRUN mkdir -p %s; ln -s %s /out; ln -s ../../../../../../../..%s /up\nCOPY file /out/one\nCOPY folder /up/two/\n' "$T/outside" "$T/outside" "$T/outside" >"$C/links"
build links "$C/links"
is "$status:$(find "$T/outside" -mindepth 1)" 0: 'a link in the image leads COPY nowhere else'
with links /bin/sh -c "cat $T/outside/one $T/outside/two/deep/file"
is "$status:$out" '0:file
deep' 'but to that place in the image'

printf 'FROM box\nRUN true\n' >"$C/plain"
run timeout -s KILL 120 env --ignore-signal=CHLD "$SV" image build --root "$S" plain "$C/plain"
is "$status" 0 'it sees its children end, whatever its starter ignores' || note "$err"

# Killed in the middle.
printf 'FROM box\nRUN touch /begun; echo ready; sleep 1000\n' >"$C/long"
start "$SV" image build --root "$S" long "$C/long"
ready
kill -KILL "$pid"
finish
with box /bin/true
ok 'a killed one leaves nothing once another ran' wait_for 10 sh -c "[ -z \"\$('$SV' run --root '$S' box /bin/ls / >/dev/null; ls '$S/containers')\" ]"
start "$SV" image build --root "$S" long "$C/long"
ready
kill "$pid"
finish
is "$status:$(left)" 143: 'one that is asked to end unmakes all'
ok 'and makes no image' [ ! -e "$S/images/long" ]

leftovers
done_testing

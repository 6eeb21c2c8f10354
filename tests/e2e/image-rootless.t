#!/bin/sh
# SPDX-License-Identifier: MIT
# Images of an ordinary user: with a range of ids, and with one alone; and the progress that a terminal sees.
. "${0%/*}/../lib.sh"

own_mounts
need setpriv unshare python3
ID=61234
as_user() { setpriv --reuid "$ID" --regid "$ID" --clear-groups env -u XDG_DATA_HOME HOME="$T/home" "$@"; }
chmod 755 "$tap_dir"
cp "$SV" "$T/sv" && SV=$T/sv
mkdir "$T/home" && chown "$ID:$ID" "$T/home"
cd "$T/home" || exit 1
cp -a /etc "$T/etc" && mount --bind "$T/etc" /etc || bail 'no /etc of our own'
printf 'image%d:x:%d:%d::/:/bin/sh\n' "$ID" "$ID" "$ID" >>/etc/passwd
: >/etc/subuid
: >/etc/subgid
run as_user unshare -Ur true
[ "$status" = 0 ] || skip_all_cannot 'ordinary users may not make user namespaces here'

mkdir "$T/tree" "$T/tree/dir"
echo text >"$T/tree/dir/file"
chown 12:34 "$T/tree/dir/file" && chmod 4755 "$T/tree/dir/file"
ln "$T/tree/dir/file" "$T/tree/dir/hard"
"$TOP/tests/helpers/archives.py" docker docker.tar
tar -C "$T/tree" -cf tree.tar . && chmod 644 ./*.tar
STORE=$T/home/.local/share/sv
top() { echo "$STORE/layers/$(sed -n 's/^layer //p' "$STORE/images/$1" | tail -n 1)/fs"; }
entries() { find "$STORE/tmp" "$STORE/images" "$STORE/layers" -mindepth 1 -maxdepth 1; }

# --- one id ---------------------------------------------------------------------------------------------------------

run as_user "$SV" image import tree tree.tar
like "$status:$err" "^0:sv: 1 files are root's now.*newuidmap" 'with one id all is its own, and that is said'
is "$(stat -c '%u %g %a %h' "$(top tree)/dir/file")" "$ID $ID 4755 2" 'modes and links are kept'
is "$(stat -c '%u %a' "$STORE")" "$ID 700" 'the store is the user'\''s'
run as_user "$SV" image rm tree
is "$status:$err:$(entries)" 0:: 'it is removed'

# --- a range --------------------------------------------------------------------------------------------------------

if command -v newuidmap >/dev/null && command -v newgidmap >/dev/null; then
	echo "image$ID:300000:65536" | tee /etc/subuid >/etc/subgid
	run as_user "$SV" image import tree tree.tar
	is "$status:$err" 0: 'with a range nothing is lost'
	is "$(stat -c '%u %g %a %h' "$(top tree)/dir/file")" '300011 300033 4755 2' 'each owner has an id of the range'
	run as_user "$SV" image import docker docker.tar
	is "$status:$err" 0: 'docker save'
	above=$STORE/layers/$(sed -n 's/^layer //p' "$STORE/images/docker" | sed -n 2p)/fs
	is "$(stat -c '%F %t %T' "$above/gone")" 'character special file 0 0' 'what is deleted, as overlayfs has it'
	is "$(python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$above/dir")" "['user.overlay.opaque']" \
		'and opaque by an attribute that a user can set'
	run as_user "$SV" image export tree
	is "$status:$(tar -tvf "$stdout" --numeric-owner dir/file | sed -n 's/.* \(12\/34\) .*/\1/p')" '0:12/34' 'an export has the owners as they were'
	run as_user "$SV" image rm tree docker
	is "$status:$err:$(entries)" 0:: 'all is removed, whoever owns it'
else
	skip 'no newuidmap' 'with a range nothing is lost'
fi

# --- a terminal -----------------------------------------------------------------------------------------------------

head -c 3000000 /dev/urandom >"$T/tree/large"
tar -C "$T/tree" -cf "$T/large.tar" .
cat >"$T/watch.py" <<'PYTHON'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
text = b""
try:
    while True:
        data = os.read(fd, 4096)
        if not data:
            break
        text += data
except OSError:
    pass
sys.stdout.buffer.write(text)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
run python3 "$T/watch.py" "$SV" image import --root "$T/store" large "$T/large.tar"
is "$status" 0 'an import at a terminal'
like "$(tr '\r' '\n' <"$stdout")" '^large \[=* *\] +[0-9]+ %' 'shows a bar'
like "$(tr '\r' '\n' <"$stdout" | tail -n 2)" '^.?\[Klarge  [0-9a-f]{12}  1 layer  3.0 MB|^large  [0-9a-f]{12}' 'and takes it away'
run "$SV" image import --root "$T/store" large "$T/large.tar"
is "$status:$err" 0: 'elsewhere there is none'
umount /etc
leftovers
done_testing

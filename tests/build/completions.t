#!/bin/sh
# SPDX-License-Identifier: MIT
# The completions offer what the help lists: checked against a stand-in with a known help, and against sv itself.
. "${0%/*}/../lib.sh"

need bash
mkdir -p "$T/bin" "$T/tree/bin" "$T/tree/etc"
: >"$T/tree/bin/sh"
: >"$T/tree/bin/sleep"
cat >"$T/bin/sv" <<'STUB'
#!/bin/sh
case $* in
--help) printf 'Usage: sv VERB\n\nVerbs:\n  run        run a command\n  doctor     look around\n' ;;
'image --help') printf 'Usage: sv image VERB\n\nVerbs:\n  import NAME SOURCE  make one\n  ls                  list\n\nOptions:\n      --root DIR          the store\n      --devices           nodes\n' ;;
'net --help') printf 'Usage: sv net VERB\n\nVerbs:\n  ls                  list\n  rm NAME...          remove\n' ;;
'run --help') cat <<'HELP' ;;
Usage: sv run [OPTION...] ROOTFS [--] [COMMAND [ARG...]]

Limits:
  -m, --memory SIZE                  memory at most: [64m]
      --memory-swap SIZE             memory and swap together
  -v, --volume SRC:DST[:FLAG,...]    show SRC as DST
      --net host                     the host's network
      --read-only                    make the root read-only
  -f, --file FILE                    read options from a file
HELP
esac
STUB
chmod +x "$T/bin/sv"
cd "$T" || exit 1

# bash_complete WORD...: what is offered for the last word, sorted, on one line.
bash_complete() {
	PATH=$T/bin:$PATH bash --norc -c '
		source "$0"
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_sv
		printf "%s\n" "${COMPREPLY[@]}" | sort -u | tr "\n" " "' "$TOP/supervisor/completions/sv.bash" "$@" |
		sed 's/ *$//'
}

is "$(bash_complete sv '')" '--help --version doctor run' 'bash: the verbs'
is "$(bash_complete sv r)" run 'bash: a verb that is begun'
is "$(bash_complete sv help d)" doctor 'bash: help takes a verb'
is "$(bash_complete sv run --mem)" '--memory --memory-swap' 'bash: long options'
is "$(bash_complete sv run -)" '--file --memory --memory-swap --net --read-only --volume -f -m -v' 'bash: all options'
is "$(bash_complete sv run '')" 'bin tree' 'bash: folders for ROOTFS'
is "$(bash_complete sv run --memory '')" '' 'bash: a size is not guessed'
is "$(bash_complete sv run --memory 64m t)" tree 'bash: ROOTFS after an option with its value'
is "$(bash_complete sv run --memory = 64m --read-only t)" tree 'bash: ROOTFS after --name=value'
is "$(bash_complete sv run --net h)" host 'bash: a value that is a word'
is "$(bash_complete sv run --net = '')" host 'bash: a value after ='
is "$(bash_complete sv run -v t)" tree 'bash: a path of the host'
is "$(bash_complete sv run tree /bin/s)" '/bin/sh /bin/sleep' 'bash: a command inside ROOTFS'
is "$(bash_complete sv run tree /bin/sh -)" '' "bash: the command's flags are its own"
is "$(bash_complete sv run -- t)" tree 'bash: ROOTFS after --'

is "$(bash_complete sv image '')" 'import ls' 'bash: the verbs of image'
is "$(bash_complete sv net '')" 'ls rm' 'bash: the verbs of net'
is "$(bash_complete sv image import --)" '--devices --root' 'bash: their options'
is "$(bash_complete sv image import name t)" tree 'bash: a path to import'

if command -v fish >/dev/null; then
	fish_complete() {
		HOME=$T PATH=$T/bin:$PATH fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
			"$TOP/supervisor/completions/sv.fish" "$1" | cut -f 1 | sort -u | tr '\n' ' ' | sed 's/ *$//'
	}
	is "$(fish_complete 'sv ')" '--help --version doctor run' 'fish: the verbs'
	is "$(fish_complete 'sv run --mem')" '--memory --memory-swap' 'fish: long options'
	is "$(fish_complete 'sv run -')" '--file --memory --memory-swap --net --read-only --volume -f -m -v' 'fish: all options'
	is "$(fish_complete 'sv run --net ')" host 'fish: a value that is a word'
	is "$(fish_complete 'sv run ')" 'bin/ tree/' 'fish: folders for ROOTFS'
	is "$(fish_complete 'sv run -m 64m tree /bin/s')" '/bin/sh /bin/sleep' 'fish: a command inside ROOTFS'
	is "$(fish_complete 'sv image ')" 'import ls' 'fish: the verbs of image'
	is "$(fish_complete 'sv net ')" 'ls rm' 'fish: the verbs of net'
	is "$(fish_complete 'sv image import --')" '--devices --root' 'fish: their options'
	is "$(fish_complete 'sv image import name t')" tree/ 'fish: a path to import'
else
	skip 'no fish' 'fish completion'
fi

if command -v zsh >/dev/null; then
	# zsh completes only at a terminal: it is driven through a pty, and what it would offer is listed.
	zsh_complete() {
		PATH=$T/bin:$PATH python3 - "$TOP/supervisor/completions" "$1" <<'PYTHON'
import os, pty, re, select, sys, time

folder, line = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="READY>", COLUMNS="200", LINES="60")
    os.execvp("zsh", ["zsh", "-f", "-i"])

def until(mark, seconds=20):
    text, end = b"", time.monotonic() + seconds
    while not re.search(mark, text):
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            sys.exit("no answer: %r" % text)
        text += os.read(fd, 4096)
    return text

until(b"READY>")
os.write(fd, b"unsetopt prompt_sp zle_bracketed_paste 2>/dev/null; fpath=(%s $fpath); autoload -U compinit; "
         b"compinit -u -D; zstyle ':completion:*' list-colors ''; "
         b"zstyle ':completion:*' menu no; LISTMAX=1000; bindkey '^T' list-choices; echo SET''UP\n"
         % folder.encode())
until(b"SETUP[\r\n]+.*READY>")
os.write(fd, line.encode() + b"\x14")
time.sleep(0.1)
os.write(fd, b"\x15echo DO''NE\n")
sys.stdout.buffer.write(re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", until(b"DONE")))
os.write(fd, b"exit\n")
PYTHON
	}
	like "$(zsh_complete 'sv ')" '(^|[[:space:]])doctor +-- look around' 'zsh: the verbs'
	like "$(zsh_complete 'sv run --')" '--memory +-- memory at most: \[64m\]' 'zsh: long options with their text'
	like "$(zsh_complete 'sv run ')" '(^|[[:space:]])tree/' 'zsh: folders for ROOTFS'
	like "$(zsh_complete 'sv image ')" '(^|[[:space:]])import +-- make one' 'zsh: the verbs of image'
	like "$(zsh_complete 'sv image import name ')" '(^|[[:space:]])tree/' 'zsh: a path to import'
else
	skip 'no zsh' 'zsh completion'
fi

if [ -x "$SV" ]; then
	cd "$TOP" || exit 1
	is "$(bash_complete "$SV" run --memory-s)" --memory-swap 'bash: the options of sv itself'
	listed=$("$SV" run --help | grep -oE '^ +(-[[:alnum:]], )?--[a-z0-9-]+' | grep -oE -e '--[a-z0-9-]+' | sort -u | tr '\n' ' ' | sed 's/ $//')
	is "$(bash_complete "$SV" run --)" "$listed" 'bash: every option in the help of sv'
else
	skip 'sv is not built' 'the options of sv itself'
fi
done_testing

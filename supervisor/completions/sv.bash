# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# bash completion for sv. Verbs and options are what `sv --help` and `sv VERB --help` say at that moment: a verb's line is
# "  run   text", an option's "  -m, --memory SIZE   text" or "      --name NAME   text".

# Prints "NAME METAVAR" for each long and each short option of a verb; METAVAR is empty for a flag.
_sv_options()
{
	"$1" "$2" --help 2>/dev/null </dev/null | sed -nE \
		-e 's/^  (-[[:alnum:]]), (--[[:alnum:]-]+)( ([^ ]+))?  .*/\1 \4\n\2 \4/p' \
		-e 's/^  +(--[[:alnum:]-]+)( ([^ ]+))?  .*/\1 \3/p'
}

# Completes the value of an option from the word that stands for it in the help.
_sv_value()
{
	local metavar=$1 current=$2
	case $metavar in
	DIR* | ROOTFS*) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
	FILE* | PATH* | SRC* | PROGRAM*) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	NAME\[=VALUE\]) mapfile -t COMPREPLY < <(compgen -v -- "$current") ;;
	SIGNAL*) mapfile -t COMPREPLY < <(compgen -A signal -- "$current") ;;
	*[[:lower:]]*) mapfile -t COMPREPLY < <(compgen -W "${metavar//|/ }" -- "$current") ;;
	esac
}

_sv()
{
	local sv=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]}
	local verb=${COMP_WORDS[1]} name metavar word rootfs='' waits='' i
	local -A takes=()
	COMPREPLY=()

	if [[ $COMP_CWORD -eq 1 || ( $verb == help && $COMP_CWORD -eq 2 ) ]]; then
		local verbs
		verbs=$("$sv" --help 2>/dev/null </dev/null | sed -nE 's/^  ([a-z][[:alnum:]-]*) .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$current")
		return
	fi

	if [[ ( $verb == image || $verb == net ) && $COMP_CWORD -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$sv" "$verb" --help 2>/dev/null </dev/null |
			sed -nE 's/^  ([a-z][[:alnum:]-]*) .*/\1/p')" -- "$current")
		return
	fi

	while read -r name metavar; do
		takes[$name]=$metavar
	done < <(_sv_options "$sv" "$verb")

	# What stands before the cursor: an option that waits for its value, or ROOTFS, which ends the options. bash makes
	# a word of its own of "=" (--memory = 64m) and of ":" (a:b = a, :, b).
	local ended=''
	i=2
	[[ $verb != image ]] || i=3
	for (( ; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == '=' ]]; then
			continue
		elif [[ $word == ':' || ${COMP_WORDS[i - 1]} == ':' ]]; then
			continue
		elif [[ -n $waits ]]; then
			waits=''
		elif [[ $word == -- ]]; then
			ended=1
		elif [[ $word == -* && -z $ended ]]; then
			waits=${takes[$word]-}
		else
			rootfs=${word/#\~/$HOME}
			break
		fi
	done
	[[ $current != '=' ]] || current=''

	if [[ $verb == image && $current != -* ]]; then
		# What is there to be imported is a path; names of images are in a store that only its owner can read.
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ -n $rootfs && $verb != image ]]; then
		# Paths inside: the command and its arguments.
		[[ $current != /* ]] || mapfile -t COMPREPLY < <(compgen -f -- "$rootfs$current" |
			while read -r word; do printf '%s\n' "${word#"$rootfs"}"; done)
	elif [[ -n $waits ]]; then
		_sv_value "$waits" "$current"
	elif [[ $current == -* && -z $ended ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${!takes[*]}" -- "$current")
	elif [[ $verb == run ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -o filenames -F _sv sv

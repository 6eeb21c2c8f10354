# SPDX-License-Identifier: MIT
# fish completion for sv. Verbs and options are what `sv --help` and `sv VERB --help` say at that moment.

# Prints "candidate<TAB>description" lines for the word at the cursor.
function __sv_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l sv $words[1]
    set -l verb $words[2]

    if test (count $words) -eq 1; or begin; test "$verb" = help; and test (count $words) -eq 2; end
        $sv --help 2>/dev/null </dev/null | string replace -rf '^  ([a-z][a-z0-9-]*) +(.*)$' '$1\t$2'
        printf '%s\t%s\n' --help 'explain sv' --version 'print the version'
        return
    end

    if contains -- "$verb" image net; and test (count $words) -eq 2
        $sv $verb --help 2>/dev/null </dev/null | string replace -rf '^  ([a-z][a-z0-9-]*) .*?  +(.*)$' '$1\t$2'
        return
    end

    set -l lines ($sv $verb --help 2>/dev/null </dev/null | string match -r '^  +-.*')
    # A group that may be empty, not one that may be missing: fish leaves a missing one out and counts the rest anew.
    set -l pattern '^  (-[[:alnum:]](?=,)|),? +(--[[:alnum:]-]+) ?([^ ]+|)  +(.*)$'
    # Options that take a value: "NAME METAVAR".
    set -l takes
    for line in $lines
        set -l part (string match -r $pattern -- $line); or continue
        if test -n "$part[4]"
            set -a takes "$part[3] $part[4]"
            test -n "$part[2]"; and set -a takes "$part[2] $part[4]"
        end
    end

    # What stands before the cursor: an option that waits for its value, or ROOTFS, which ends the options.
    set -l waits
    set -l rootfs
    set -l first 3
    test "$verb" = image; and set first 4
    for word in $words[$first..-1]
        if test -n "$waits"
            set waits
        else if string match -q -- '-*' $word
            set waits (string match -r -- "^$word (.*)" $takes)[2]
        else
            set rootfs $word
            break
        end
    end

    if test "$verb" = image; and not string match -q -- '-*' $current
        __fish_complete_path $current
    else if test -n "$rootfs"; and test "$verb" != image
        __fish_complete_path $rootfs$current | string replace -- $rootfs ''
    else if test -n "$waits"
        switch $waits
            case 'DIR*' 'ROOTFS*'
                __fish_complete_path $current
            case 'FILE*' 'PATH*' 'SRC*' 'PROGRAM*'
                __fish_complete_path $current
            case 'SIGNAL*'
                string replace -r '^SIG' '' (kill -l | string split ' ')
            case '*'
                string match -qr '^[a-z|]+$' -- $waits; and string split '|' $waits
        end
    else if string match -q -- '-*' $current
        for line in $lines
            set -l part (string match -r $pattern -- $line); or continue
            printf '%s\t%s\n' $part[3] $part[5]
            test -n "$part[2]"; and printf '%s\t%s\n' $part[2] $part[5]
        end
    else if test "$verb" = run
        __fish_complete_path $current
    end
end

complete -c sv -f -a '(__sv_complete)'

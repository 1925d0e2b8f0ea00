# --- the snapshot of files ----------------------------------------------------------------------

# Items are numbered: N.path holds the path, N.deep is there if all below it is kept, N is the copy.
keep() {
	case $1 in /) path=/ deep= ;; */) path=${1%/} deep=y ;; *) path=$1 deep= ;; esac
	if held "$path"; then return 0; fi
	n=0
	[ ! -e "$g/snap/count" ] || read -r n <"$g/snap/count"
	printf '%s\n' "$path" >"$g/snap/$n.path"
	[ -z "$deep" ] || : >"$g/snap/$n.deep"
	if [ -h "$path" ] || [ ! -d "$path" ]; then
		if [ -e "$path" ] || [ -h "$path" ]; then cp -a "$path" "$g/snap/$n" || return 1; fi
	elif [ -n "$deep" ]; then
		cp -a "$path" "$g/snap/$n" || return 1
	else
		mkdir "$g/snap/$n" && alike "$path" "$g/snap/$n" || return 1
	fi
	echo $((n + 1)) >"$g/snap/count"
}

# The folders on the way to what is kept, without what is in them: they shut a login out as well. One of a name
# without a link is as it is; what is not there is nobody's way.
ways() {
	cat "$@" | awk '{ while (sub("/[^/]*$", "")) print $0 == "" ? "/" : $0 }' | sort -u >"$g/ways"
	while IFS= read -r way; do
		if [ -d "$way" ] && [ ! -h "$way" ]; then keep "$way" || return 1; fi
	done <"$g/ways"
	rm -f "$g/ways"
}

# The same of a path that a write names once the switch is armed.
kept_later() {
	from=$(cat "$g/snap/count")
	keep "$1" && ways "$g/snap/$from.path" || return 1
	to=$(cat "$g/snap/count")
	while [ "$from" -lt "$to" ]; do
		list "$g/snap/$from.path" >>"$g/snap/listing"
		from=$((from + 1))
	done
}

# Which folder is which, so that one that was moved away is found. By its birth as well: numbers are given anew.
inodes() {
	cat "$g"/snap/*.path | while IFS= read -r path; do
		[ ! -d "$path" ] || [ -h "$path" ] || printf '%s\n' "$path"
	done | tr '\n' '\0' | xargs -0 stat -c '%i %d.%W %n' | grep -E '^[0-9]+ [0-9]+[.][1-9][0-9]* ' | sort -k 3
}

# Programs that let in are a package's: owner and mode are ours to put back, what is in them is only where they are
# gone. Links to one are put back as links.
modes() { stat -Lc '%a %u:%g %n' $programs 2>/dev/null; }

keep_programs() {
	mkdir "$g/snap/bin" || return 1
	for p in $programs; do
		[ -e "$p" ] || continue
		mkdir -p "$g/snap/bin${p%/*}" && cp -a "$p" "$g/snap/bin$p" || return 1
	done
}

# Whether a path is in the snapshot by itself or in a folder that is kept whole.
held() {
	for f in "$g"/snap/*.path; do
		[ -e "$f" ] && IFS= read -r kept <"$f" || continue
		[ "$kept" != "$1" ] || return 0
		[ ! -e "${f%.path}.deep" ] || case $1 in "$kept"/*) return 0 ;; esac
	done
	return 1
}

# Owner, mode, and what else the tools at hand can copy, of a folder.
alike() {
	bare "$2"
	if tar --version 2>/dev/null | grep -q GNU; then
		tar -C "$1" --no-recursion --xattrs --acls --selinux -cf - . 2>/dev/null | tar -C "$2" --xattrs --acls --selinux -xpf - 2>/dev/null
	fi
	chown "$(stat -c %u:%g "$1")" "$2" && chmod "$(stat -c %a "$1")" "$2"
}

# Without access lists and attributes, those that the other one doesn't have among them.
bare() {
	! has setfattr || getfattr -h -m - --absolute-names "$1" 2>/dev/null | sed '/^#/d; /^$/d' | while IFS= read -r name; do
		setfattr -h -x "$name" "$1" 2>/dev/null
	done
	! has setfacl || setfacl -b "$1" 2>/dev/null
}

# What is at each kept path, some lines each, to see what differs: the path, a tab, what it is. The boot unit is ours.
listing() {
	list "$g"/snap/*.path | grep -v -e 'harda-guard' -e '/sysinit.target.wants	' || true
}

# Items together, not one by one: that would be some three hundred processes.
list() {
	items=$*
	for depth in '' -prune; do
		set --
		for f in $items; do
			IFS= read -r path <"$f"
			[ -e "$path" ] || [ -h "$path" ] || continue
			if [ -e "${f%.path}.deep" ]; then [ -z "$depth" ]; else [ -n "$depth" ]; fi && set -- "$@" "$path"
		done
		[ $# -gt 0 ] || continue
		find "$@" $depth -exec stat -c '%n	%F %a %u:%g' {} + 2>/dev/null
		find "$@" $depth -type f -exec sha256sum {} + 2>/dev/null | sed 's/^\([0-9a-f]*\)  \(.*\)$/\2	\1/'
		! has getfacl || find "$@" $depth ! -type l -exec getfacl -p -n -s -- {} + 2>/dev/null | of_each
		! has getfattr || find "$@" $depth -exec getfattr -h -d -e hex -m '^(user|security|trusted)[.]' --absolute-names -- {} + 2>/dev/null | of_each
		find "$@" $depth -type l -exec sh -c 'for f; do printf "%s	-> %s\n" "$f" "$(readlink "$f")"; done' sh {} + 2>/dev/null
	done
}

# What comes below `# file: PATH`, as lines of that path.
of_each() { awk '/^# file: / { path = substr($0, 9); next } /^#/ || !NF { next } { print path "\t" $0 }'; }


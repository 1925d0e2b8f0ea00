# --- what has not taken effect yet --------------------------------------------------------------

# A service that has not read its changed files is not proven by a login. What was there before stays in `late`, and
# the next snapshot has it in place of what is there then: the unit that makes it effective takes it back as well.
# Prints the paths that are new there.
late() {
	differing
	n=0
	while [ -e "$g/late/$n.path" ]; do n=$((n + 1)); done
	while IFS= read -r path; do
		held "$path" && among "$path" "$@" && ! grep -qsxF -e "$path" "$g"/late/*.path || continue
		mkdir -p "$g/late" && booted >"$g/late/boot" || return 1
		copy_of "$path"
		if [ -z "$copy" ] || ! { [ -e "$copy" ] || [ -h "$copy" ]; }; then
			: # it was not there
		elif [ -d "$copy" ] && [ ! -h "$copy" ]; then
			mkdir "$g/late/$n" && alike "$copy" "$g/late/$n" || return 1
		else
			cp -a "$copy" "$g/late/$n" || return 1
		fi
		lines_of "$path" "$g/snap/listing" >"$g/late/$n.lines" && lines_of "$path" "$g/found" >"$g/late/$n.now" || return 1
		printf '%s\n' "$path" >"$g/late/$n.path" && { grep -F -e "$path" "$g/changes" >"$g/late/$n.changes" || true; } || return 1
		n=$((n + 1))
		printf '%s\n' "$path"
	done <"$g/differ"
	sync -f "$g" 2>/dev/null || sync
}

# Whether the first is one of the others, or lies below one.
among() {
	one=$1
	shift
	for other; do case $one in "$other" | "$other"/*) return 0 ;; esac; done
	return 1
}

lines_of() { path=$1 awk -F'	' '$1 == ENVIRON["path"]' "$2"; }

# Folders come before what is in them. What somebody has changed since is theirs.
overlay() {
	[ -d "$g/late" ] || return 0
	# A boot reads all files.
	[ "$(cat "$g/late/boot")" = "$(booted)" ] || { rm -rf "$g/late"; return 0; }
	i=0
	while [ -e "$g/late/$i.path" ]; do
		IFS= read -r path <"$g/late/$i.path"
		held "$path" || kept_later "$path" || return 1
		copy_of "$path"
		if ! lines_of "$path" "$g/snap/listing" | cmp -s - "$g/late/$i.now"; then i=$((i + 1)); continue; fi
		if [ -d "$g/late/$i" ] && [ ! -h "$g/late/$i" ]; then
			[ -d "$copy" ] && [ ! -h "$copy" ] || { rm -rf "$copy"; mkdir "$copy"; } && alike "$g/late/$i" "$copy" || return 1
		else
			rm -rf "$copy"
			if [ -e "$g/late/$i" ] || [ -h "$g/late/$i" ]; then cp -a "$g/late/$i" "$copy" || return 1; fi
		fi
		{ path=$path awk -F'	' '$1 != ENVIRON["path"]' "$g/snap/listing"; cat "$g/late/$i.lines"; } >"$g/snap/listing.new" &&
			mv -f "$g/snap/listing.new" "$g/snap/listing" && cat "$g/late/$i.changes" >>"$g/changes" || return 1
		i=$((i + 1))
	done
}


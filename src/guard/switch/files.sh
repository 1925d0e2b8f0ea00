# --- putting back files and accounts ------------------------------------------------------------

# A firing that was broken off goes on with its report: what it had put back is told, and made effective.
restore() {
	true >>"$g/report"
	[ -n "$booting" ] || reset_mounts
	files
	accounts
	# At boot the files decide on the rest, which comes after; a unit that waits for another would wait for ever.
	if [ -n "$booting" ]; then
		! systemd || { systemctl daemon-reload; wanted | xargs -r systemctl --no-block start; }
		return
	fi
	reset_sysctls
	reset_firewall
	reset_network
	# A link that was too small for IPv6 has lost its values of it.
	reset_sysctls
	services
}

# The ways in that ran: the boot was laid out before they were put back.
wanted() { for u in $doors; do ! grep -qxF "$u" "$g/snap/running" || echo "$u"; done; }

# Lines that are in the first file and not in the second.
only() { grep -vxF -f "$2" "$1" || true; }

# What is there now, and the paths that are not as in the snapshot.
differing() {
	listing >"$g/found"
	{ only "$g/snap/listing" "$g/found"; only "$g/found" "$g/snap/listing"; } | sed 's/	.*//' | sort -u >"$g/differ"
}

files() {
	moved
	differing
	sed 's/	.*//' "$g/snap/listing" | sort -u >"$g/were"
	while IFS= read -r path; do
		# A name with a tab or line feed in it would be cut: only what is known to be kept is touched.
		held "$path" || continue
		# What is below /run is of a boot that is no more.
		case $booting$path in y/run | y/run/*) continue ;; esac
		copy_of "$path"
		if [ -n "$copy" ] && { [ -e "$copy" ] || [ -h "$copy" ]; }; then
			put "$copy" "$path" && say "restored $path" || say "could not restore $path"
		elif grep -qxF -e "$path" "$g/were"; then
			# A snapshot that has lost something is no reason to take it away.
			say "could not restore $path"
		else
			rm -rf "$path" && say "removed $path" || say "could not remove $path"
		fi
	done <"$g/differ"
	same_attributes
	programs
	same_modes
}

# A folder that was given another name near by gets its own again, with all that is in it.
moved() {
	while read -r inode birth path; do
		[ "$(stat -c '%i %d.%W' "$path" 2>/dev/null)" != "$inode $birth" ] || continue
		near=${path%/*}
		at=$(find "${near:-/}" -xdev -maxdepth 2 -type d -inum "$inode" 2>/dev/null | head -n 1)
		[ -n "$at" ] && [ "$(stat -c %d.%W "$at")" = "$birth" ] || continue
		if [ -h "$path" ]; then rm -f "$path"; else rmdir "$path" 2>/dev/null; fi
		[ ! -e "$path" ] && mv "$at" "$path" && say "moved $at back to $path"
	done <"$g/snap/inodes"
}

programs() {
	for p in $programs; do
		[ ! -s "$p" ] && [ -e "$g/snap/bin$p" -o -h "$g/snap/bin$p" ] || continue
		put "$g/snap/bin$p" "$p" && say "restored $p" || say "could not restore $p"
	done
}

same_modes() {
	modes >"$g/found"
	only "$g/snap/modes" "$g/found" | while read -r mode owner path; do
		[ -e "$path" ] && chown "$owner" "$path" && chmod "$mode" "$path" && say "restored $path" || say "could not restore $path"
	done
}

# The copy of a path in the snapshot: by itself, or in the folder that was kept.
copy_of() {
	copy=
	for f in "$g"/snap/*.path; do
		IFS= read -r kept <"$f"
		[ "$kept" != "$1" ] || { copy=${f%.path}; return; }
		[ ! -e "${f%.path}.deep" ] || case $1 in "$kept"/*) copy=${f%.path}${1#"$kept"} ;; esac
	done
}

put() {
	if [ -d "$1" ] && [ ! -h "$1" ]; then
		[ -d "$2" ] && [ ! -h "$2" ] || { rm -f "$2"; (umask 022 && mkdir -p "$2") || return 1; }
		alike "$1" "$2"
		return
	fi
	[ -h "$2" ] || [ ! -d "$2" ] || rm -rf "$2"
	t=${2%/*}/.harda.restore
	rm -f "$t"
	cp -a "$1" "$t" && { [ -h "$t" ] || settle "$t"; } && mv -f "$t" "$2"
}

# Access lists, extended attributes and labels don't show in a listing; coreutils copies them.
same_attributes() {
	cp --version 2>/dev/null | grep -q coreutils || return 0
	while IFS= read -r line; do
		case $line in *'	regular '*) ;; *) continue ;; esac
		copy_of "${line%%	*}"
		cp --attributes-only --preserve=all "$copy" "${line%%	*}" 2>/dev/null
	done <"$g/snap/listing"
}

# A command may touch any account: those that it did are the entries that differ before and after it.
before() {
	rm -rf "$g/before"
	mkdir "$g/before" || fail 'the account databases could not be kept: nothing was changed'
	for d in $databases; do
		[ ! -e "/etc/$d" ] || cp "/etc/$d" "$g/before/$d" || fail 'the account databases could not be kept: nothing was changed'
	done
}

touched() {
	[ -d "$g/before" ] || return 0
	for d in $databases; do
		: >>"$g/before/$d"
		cat "/etc/$d" >"$g/before/now" 2>/dev/null
		only "$g/before/$d" "$g/before/now"
		only "$g/before/now" "$g/before/$d"
	done | sed 's/:.*//' | sort -u >>"$g/names"
	rm -rf "$g/before"
}

# By entry: what others did meanwhile to other accounts stays.
accounts() {
	touched
	[ -s "$g/names" ] || return 0
	for d in $databases; do
		[ -e "$g/snap/$d" ] || continue
		! cmp -s "$g/snap/$d" "/etc/$d" || continue
		if [ ! -e "/etc/$d" ]; then
			cp -a "$g/snap/$d" "/etc/.harda.restore" || continue
		else
			cp -a "/etc/$d" "/etc/.harda.restore" && merge "$d" >"/etc/.harda.restore" || continue
			# All entries as they were: then in their order, too.
			sort "$g/snap/$d" >"$g/found"
			! sort "/etc/.harda.restore" | cmp -s - "$g/found" || cp -a "$g/snap/$d" "/etc/.harda.restore"
		fi
		if cmp -s "/etc/.harda.restore" "/etc/$d"; then rm -f "/etc/.harda.restore"; continue; fi
		settle "/etc/.harda.restore"
		mv -f "/etc/.harda.restore" "/etc/$d" && say "restored entries of /etc/$d"
	done
}

# An entry is one of ours by its name, or (a group's) by a member.
merge() {
	awk -F: -v groups="$(case $1 in group | gshadow) echo 1 ;; esac)" '
		function ours(line,   f, m, i, k) {
			split(line, f, ":"); if (f[1] in name) return 1
			if (!groups) return 0
			k = split(f[4], m, ","); for (i = 1; i <= k; i++) if (m[i] in name) return 1
			return 0
		}
		file == 1 { name[$0] = 1; next }
		file == 2 { old[$1] = $0; order[++count] = $1; next }
		{
			seen[$1] = 1
			if (ours($0) || ($1 in old && ours(old[$1]))) { if ($1 in old) print old[$1] } else print
		}
		END { for (i = 1; i <= count; i++) if (!(order[i] in seen) && ours(old[order[i]])) print old[order[i]] }
	' file=1 "$g/names" file=2 "$g/snap/$1" file=3 "/etc/$1"
}


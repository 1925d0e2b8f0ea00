# Inside a mount namespace of its own: puts candidate files over the host's, on copies of their
# folders that are gone when the namespace ends. Nothing on disk is written.
umask 077
covered=' '
cover() {
  folder=$1
  until [ -d "$folder" ]; do folder=${folder%/*}; done
  [ -n "$folder" ] || return 1
  case $covered in
  *" $folder "*) ;;
  *)
    # The working folder still is the one below the tmpfs, so that it can be copied from.
    cd "$folder" && mount -t tmpfs -o mode=0700 harda "$folder" && cp -a ./. "$folder/" && cd / || return 1
    covered="$covered$folder "
    ;;
  esac
  mkdir -p "$1"
}
take() { # PATH SIZE: exactly so many bytes of stdin, whichever dd this is
  cover "${1%/*}" && rm -f "$1" && if [ "$2" -eq 0 ]; then : > "$1"; else dd bs=1 count="$2" of="$1" 2>/dev/null; fi
}
leave() { # PATH: not there
  cover "${1%/*}" && rm -f "$1"
}
privileges() { # older sshd -T wants the folder that its service makes
  [ -d /run/sshd ] || { mount -t tmpfs -o mode=0755 harda /run && mkdir /run/sshd; }
}

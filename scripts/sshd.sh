# An sshd for the demo, on loopback, as whoever runs it. Sourced, not run.

# start_sshd DIR : keys and configuration in DIR/sshd; the port, in $port, is that of an earlier run where it is free. The
# caller ends $sshd_pid.
start_sshd() {
  local own="$1/sshd" tries=0
  mkdir -p "$own"
  # root's sshd wants it; the service, which is not started here, makes it at boot
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  for key in host chave; do
    [ -e "$own/$key" ] || ssh-keygen -q -t ed25519 -N '' -f "$own/$key"
  done
  cat >"$own/sshd.conf" <<CONF
ListenAddress 127.0.0.1
HostKey $own/host
AuthorizedKeysFile $own/chave.pub
StrictModes no
UsePAM no
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
CONF
  port="$(cat "$own/port" 2>/dev/null || echo 0)"
  while [ "$tries" -lt 20 ]; do
    [ "$port" != 0 ] || port=$((20000 + RANDOM % 40000))
    /usr/sbin/sshd -D -f "$own/sshd.conf" -p "$port" -E "$own/sshd.log" &
    sshd_pid=$!
    sleep 0.5
    if kill -0 "$sshd_pid" 2>/dev/null; then
      printf '%s\n' "$port" >"$own/port"
      # another port than last time: the same folders under another address
      [ ! -e "$1/atom.toml" ] || sed -i "s/@127\\.0\\.0\\.1:[0-9]*/@127.0.0.1:$port/" "$1/atom.toml"
      return 0
    fi
    tries=$((tries + 1))
    port=0
  done
  say "no sshd could be started: $own/sshd.log"
  return 1
}

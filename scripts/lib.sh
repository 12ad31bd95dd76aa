# Shared by demo and test: installs what a fresh Debian lacks. Sourced, not run.

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need PACKAGE… : installs the Debian packages that are missing, and says so.
need() {
  missing=()
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ "${#missing[@]}" = 0 ] && return 0
  say "installing: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# SQLite and libssh2 are built from source: a C compiler, make and perl. OpenSSL is Debian's own, so that its security
# updates reach atom as well.
need_build() {
  command -v cargo >/dev/null || { say "cargo is missing: install rustup first (README)"; exit 2; }
  need gcc libc6-dev make perl pkg-config libssl-dev
}

# Servers that the tests start by themselves, on loopback and as whoever runs them: installed without being started.
need_servers() {
  policy=/usr/sbin/policy-rc.d
  made=""
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    made=yes
  fi
  failed=""
  need openssh-server openssh-client vsftpd openssl libpam-wrapper || failed=yes
  [ -z "$made" ] || as_root rm -f "$policy"
  [ -z "$failed" ] || return 1
}

# What says whether the units in scripts/systemd are right, and knows the zones that they name. Nothing is started.
need_systemd() {
  need systemd tzdata
}

# The browser that the back office's pages are tested in, its driver, and letters to write with.
need_browser() {
  need chromium chromium-driver chromium-l10n fonts-dejavu-core
}

# The check of the interface: schemathesis and a validator of OpenAPI, in a folder of their own beside what is built.
need_interface() {
  need python3 python3-venv
  venv="$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)/interface"
  [ ! -e "$venv/ready" ] || return 0
  say "installing into $venv: schemathesis, openapi-spec-validator"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis==4.32.5' 'openapi-spec-validator==0.9.0'
  touch "$venv/ready"
}

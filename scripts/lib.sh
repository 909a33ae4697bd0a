# shellcheck shell=bash
# What the scripts share: messages, packages, builds. Sourced, never run.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$PATH:/usr/sbin:/sbin"

if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else
  bold='' red='' green='' yellow='' plain=''
fi

say() { printf '%s\n' "${bold}==>${plain} $*" >&2; }
warn() { printf '%s\n' "${yellow}warning:${plain} $*" >&2; }
die() { printf '%s\n' "${red}error:${plain} $*" >&2; exit 1; }
usage_error() { printf '%s\n' "${red}error:${plain} $*" "See $0 --help" >&2; exit 2; }

in_ci() { [[ ${CI:-} == true || ${CI:-} == 1 ]]; }
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# failure_of LOG: what a person needs of the log of tests that failed: its last 80 lines. ctest prints what a test said where that test ended,
# which may be long before; so those of a failed test come first, at most 60 of each.
failure_of() {
  awk '/^ *Start +[0-9]+:|^[0-9]+% tests passed/ { lines = 0 }
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ { lines = /\*\*\*/ ? 1 : 0 }
    lines { kept[NR] = $0; if (lines++ > 60) delete kept[NR - 59] }
    END { for (i = 1; i <= NR - 80; i++) if (i in kept) print kept[i] }' "$1"
  tail -n 80 "$1"
}

# as_root COMMAND…: runs it as root, through sudo where needed.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND,http_proxy,https_proxy "$@"
  else
    die "'$*' needs root: run this script as root or install sudo"
  fi
}

# missing_packages NAME…: prints those that are not installed. Does not need root.
missing_packages() {
  local name status
  for name in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -cx installed)
    ((status > 0)) || echo "$name"
  done
}

# Services that a package brings must not start on a developer's machine, nor fail where there is no init.
# dpkg's hook for that is policy-rc.d; an existing one is the administrator's and stays.
without_services() {
  local policy=/usr/sbin/policy-rc.d made='' status=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    made=1
  fi
  "$@" || status=$?
  [[ -z $made ]] || as_root rm -f "$policy"
  return "$status"
}

# install_packages NAME…: installs with apt what is missing of them; silent and quick when nothing is.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  command -v apt-get >/dev/null || die "these packages are needed, and there is no apt-get to install them: ${missing[*]}"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # Slim images lack the folder into which openjdk links its manual pages, and its installation then fails.
  [[ -d /usr/share/man/man1 ]] || as_root mkdir -p /usr/share/man/man1
  as_root apt-get -q update >&2 || warn "apt-get update failed; trying with the package lists that are here"
  without_services as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install: ${missing[*]} (on Ubuntu, the component 'universe' must be enabled)"
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) || die "still not installed: ${missing[*]}"
}

# One compiler per core, fewer on a machine with little memory: the largest sources take about 1 GB each.
build_jobs() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null)
  memory_gb=${memory_gb:-$cores}
  local jobs=$((cores < memory_gb ? cores : memory_gb))
  echo $((jobs > 0 ? jobs : 1))
}

# quietly LOG COMMAND…: runs it into LOG with a sign of life every 20 s; on failure shows the end of LOG.
quietly() {
  local log=$1 pid beat status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" </dev/null >"$log" 2>&1 &
  pid=$!
  (while sleep 20 </dev/null >/dev/null 2>&1; do printf '    … %s\n' "$(tail -n 1 "$log" | cut -c -100)" >&2; done) &
  beat=$!
  wait "$pid" || status=$?
  kill "$beat" 2>/dev/null
  wait "$beat" 2>/dev/null
  if ((status != 0)); then
    printf '%s\n' "${red}failed:${plain} $*" "----- the end of $log:" >&2
    tail -n 60 "$log" >&2
  fi
  return "$status"
}

# build PRESET [TARGET…]: configures and builds build/PRESET. On a terminal ninja shows its progress line.
build() {
  local preset=$1 jobs targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(build_jobs)}
  cd "$repo" || die "cannot enter $repo"
  # Another clone of the same sources, in another folder, finds what this one compiled.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$repo} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
  export NINJA_STATUS='[%f/%t, %e s] '
  quietly "$repo/build/logs/configure-$preset.log" cmake --preset "$preset" || return 1
  if [[ -t 2 && -z ${QUIET_BUILD:-} ]]; then
    cmake --build --preset "$preset" -j "$jobs" "${targets[@]}" >&2
  else
    quietly "$repo/build/logs/build-$preset.log" cmake --build --preset "$preset" -j "$jobs" "${targets[@]}"
  fi
}

# The Python of the distribution, not one of a version manager: the packages above belong to it.
system_python() { if [[ -x /usr/bin/python3 ]]; then echo /usr/bin/python3; else command -v python3; fi; }

# python_venv FOLDER FILE: makes FOLDER with the packages that FILE pins, once per version of that file.
python_venv() {
  local venv=$1 requirements=$2 stamp
  stamp=$(sha256sum <"$requirements")
  [[ -x $venv/bin/python && $(cat "$venv/.requirements" 2>/dev/null) == "$stamp" ]] && return 0
  rm -rf "$venv"
  "$(system_python)" -m venv "$venv" || return 1
  "$venv/bin/pip" install --disable-pip-version-check -q -r "$requirements" || return 1
  echo "$stamp" >"$venv/.requirements"
}

# What the tests run in.
test_venv() { python_venv "$repo/build/venv" "$repo/tests/requirements.txt"; }

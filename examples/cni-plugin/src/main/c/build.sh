#!/bin/sh
# Compiles the plugin to $1. Maven calls this; the same compiler and sources give the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v gcc >/dev/null 2>&1 || {
  echo "examples/cni-plugin needs a C compiler, and there is no gcc: apt-get install gcc libc6-dev" >&2
  exit 1
}
[ -n "$(gcc -print-file-name=libc.a | grep /)" ] || {
  echo "examples/cni-plugin is linked statically, and libc.a is missing: apt-get install libc6-dev" >&2
  exit 1
}
mkdir -p "$(dirname "$1")"
cd "$here"
gcc -std=c11 -D_GNU_SOURCE -Os -Wall -Wextra -Wpedantic -Wshadow -Wno-format-truncation -Werror -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
  -static -s -Wl,--build-id=none -Wl,-z,relro -Wl,-z,noexecstack -o "$1.new" main.c agent.c answer.c config.c json.c
chmod 755 "$1.new"
mv "$1.new" "$1"

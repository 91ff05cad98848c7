#!/usr/bin/env bash
# Makes the container images of the node agent and the ztunnel, without a daemon, a registry or a base image: ./inpod images [DIRECTORY]
#
# An image has three layers, of which the first two are the same for both, so that a node keeps them once:
#   java   glibc and a Java made by jlink, of the modules that are used
#   jars   all jars of the examples
#   start  what is different: an archive of each program's classes; the agent also has a shell, mount and nsenter
# Each is written as an archive that `ctr -n k8s.io images import`, `docker load` and `skopeo copy docker-archive:` read.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
to=${1:-$root/deploy/target}
tag=${INPOD_IMAGE_TAG:-0.1}
java=${JAVA_HOME:?names a JDK}
# logback: java.xml; the API server, and traces: java.net.http and jdk.crypto.ec; health: jdk.httpserver; the ztunnel's shares: jdk.management; Netty and jffi: jdk.unsupported
modules=java.base,java.logging,java.management,java.naming,java.net.http,java.xml,jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.management,jdk.unsupported

mkdir -p "$to"
work=$(mktemp -d "$to/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Copies files and the libraries that they are linked with. $1: the directory that becomes the root; the rest: files.
with_libraries() {
  local to=$1 file
  shift
  for file in "$@" $(ldd "$@" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^\t\(\/[^ ]*\) (.*/\1/p' | sort -u); do
    case "$file" in "$work"/*) continue ;; esac # is there already
    mkdir -p "$to$(dirname "$file")"
    [ -e "$to$file" ] || cp -L "$file" "$to$file"
  done
}

java_layer() {
  local base=$work/java-root
  mkdir -p "$base/opt" "$base/etc" "$base/tmp"
  local from=()
  [ ! -d "$java/jmods" ] || from=(--module-path "$java/jmods") # newer ones can link themselves without
  "$java/bin/jlink" "${from[@]}" --add-modules "$modules" --strip-java-debug-attributes --no-header-files --no-man-pages --output "$base/opt/java"
  "$base/opt/java/bin/java" -XX:+UseSerialGC -Xshare:dump >/dev/null 2>&1 || true # starts faster with the archive, and without it too
  local needed=("$base/opt/java/bin/java" "$base"/opt/java/lib/*.so "$base/opt/java/lib/server/libjvm.so")
  with_libraries "$base" "${needed[@]}"
  # what the native libraries in the jars need; they are unpacked when they are used
  with_libraries "$base" "$(ldd "$java/bin/java" | sed -n 's/.*=> \(\/[^ ]*libc\.so\.6\) (.*/\1/p')"
  local library
  for library in libm.so.6 librt.so.1 libdl.so.2 libpthread.so.0 libgcc_s.so.1; do
    library=$(ldconfig -p | sed -n "s/.*$library (libc6,\(x86-64\|AArch64\)) => //p" | head -n 1)
    [ -z "$library" ] || with_libraries "$base" "$library"
  done
  echo 'root:x:0:0:root:/:/sbin/nologin' >"$base/etc/passwd"
  echo 'root:x:0:' >"$base/etc/group"
  layer java "$base"
}

jars_layer() {
  local base=$work/jars-root
  mkdir -p "$base/opt/inpod/lib"
  cp "$root"/examples/demo/target/lib/*.jar "$base/opt/inpod/lib/"
  rm -f "$base"/opt/inpod/lib/netns-sockets-testing-*.jar
  # Tells Java which jar has which package. Without it, the first look for a class that isn't there opens all jars of the agent and keeps
  # their directories: 2 MB. Java 17 is the last that reads such an index.
  (cd "$base/opt/inpod/lib" && "$java/bin/jar" --date=1980-01-01T00:00:02Z "--generate-index=$(echo node-agent-*.jar)") >"$work/index.log" 2>&1 ||
    printf 'inpod: no index of the agent'"'"'s jars, without which it takes 2 MB more: %s\n' "$(tail -n 1 "$work/index.log")" >&2
  layer jars "$base"
}

# Packs a directory; the same contents make the same bytes. $1: the layer's name, $2: the directory.
layer() {
  tar -C "$2" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$work/$1.tar" .
}

words() { # prints a JSON array of its arguments, which contain neither quotes nor backslashes
  local text
  text=$(printf '"%s",' "$@")
  printf '[%s]' "${text%,}"
}

# Writes an archive. $1: the image's name; $2: its own layer; the rest: what a container runs.
archive() {
  local name=$1 own=$2 layer sums=() machine=amd64
  shift 2
  [ "$(uname -m)" = x86_64 ] || machine=arm64
  for layer in java jars "$own"; do
    sums+=("sha256:$(sha256sum <"$work/$layer.tar" | cut -d' ' -f1)")
  done
  printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Env":%s,"WorkingDir":"/","Entrypoint":%s},"rootfs":{"type":"layers","diff_ids":%s}}' \
    "$machine" "$(words PATH=/opt/java/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)" "$(words "$@")" "$(words "${sums[@]}")" >"$work/config.json"
  printf '[{"Config":"config.json","RepoTags":["localhost/%s:%s"],"Layers":["java.tar","jars.tar","%s.tar"]}]' "$name" "$tag" "$own" >"$work/manifest.json"
  tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$to/$name.tar" manifest.json config.json java.tar jars.tar "$own.tar"
  printf 'inpod: localhost/%s:%s, %s MB: %s\n' "$name" "$tag" "$(du -m "$to/$name.tar" | cut -f1)" "$to/$name.tar" >&2
}

# Makes an archive of the classes that a program uses, which it maps instead of reading and keeping each class itself. Such an archive names
# the paths and times of the jars, so it is made where they will be, in a mount namespace, and with their times in the image.
# $1: the program, whose classes deploy/$1.classes lists; $2: its jar; $3: the archive; the rest: options of Java.
class_archive() {
  local program=$1 jar=$2 to=$3 user=()
  shift 3
  [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
  find "$work/java-root/opt" "$work/jars-root/opt" -exec touch -h -d @0 {} +
  rm -rf "$work/opt"
  mkdir -p "$work/opt/java" "$work/opt/inpod"
  cp "$root/deploy/agent.options" "$root/deploy/$program.classes" "$work/opt/"
  # shellcheck disable=SC2016 # expanded by the inner shell
  if ! unshare "${user[@]}" --mount sh -ec '
      mount --bind "$1/java-root/opt/java" "$1/opt/java"
      mount --bind "$1/jars-root/opt/inpod" "$1/opt/inpod"
      mount --rbind "$1/opt" /opt
      program=$2 jar=$3
      shift 3
      exec /opt/java/bin/java "$@" -Xshare:dump "-XX:SharedClassListFile=/opt/$program.classes" "-XX:SharedArchiveFile=/opt/$program.jsa" \
        -Xlog:disable -cp "$jar"' sh "$work" "$program" "$jar" "$@" >"$work/archive.log" 2>&1; then
    printf 'inpod: no archive of the classes of the %s, without which it takes 10 MB more: %s\n' "$program" "$(tail -n 1 "$work/archive.log")" >&2
    return 0
  fi
  mv "$work/opt/$program.jsa" "$to"
  chmod 644 "$to"
}

# Prints the paths in the image of the jars whose signatures Java isn't to check, see ztunnel_path in the launcher.
signed_jars() {
  local jars=("$work"/jars-root/opt/inpod/lib/bc*-jdk18on-*.jar)
  printf ':%s' "${jars[@]#"$work/jars-root"}"
}

# Prints the path of a program's jar in the image.
jar_of() {
  local jar
  jar=$(compgen -G "$work/jars-root/opt/inpod/lib/$1-[0-9]*.jar")
  printf '%s' "${jar#"$work/jars-root"}"
}

agent_layer() {
  local base=$work/agent-root
  mkdir -p "$base/opt/inpod"
  with_libraries "$base" /bin/sh /bin/mount /usr/bin/nsenter
  install -m 755 "$root/deploy/start-agent" "$base/opt/inpod/start-agent"
  install -m 644 "$root/deploy/agent.options" "$base/opt/inpod/agent.options"
  class_archive agent "$(jar_of node-agent)" "$base/opt/inpod/agent.jsa" @/opt/agent.options
  layer agent "$base"
}

ztunnel_layer() {
  local base=$work/ztunnel-root
  mkdir -p "$base/var/lib/inpod" "$base/opt/inpod"
  class_archive ztunnel "$(jar_of ztunnel)" "$base/opt/inpod/ztunnel.jsa" -XX:+UseSerialGC "-Xbootclasspath/a$(signed_jars)"
  layer ztunnel "$base"
}

java_layer
jars_layer
agent_layer
ztunnel_layer
archive inpod-agent agent /opt/inpod/start-agent
archive inpod-ztunnel ztunnel /opt/java/bin/java -XX:+UseSerialGC -XX:ThreadPriorityPolicy=1 -XX:CompilerThreadPriority=0 -XX:VMThreadPriority=0 -XX:ReservedCodeCacheSize=64m -XX:FreqInlineSize=120 -XX:InlineSmallCode=1000 -XX:MaxInlineLevel=9 -XX:-UsePerfData -Xss512k -Xms16m -Xmx256m \
  -XX:MaxDirectMemorySize=1g -XX:+ExitOnOutOfMemoryError -XX:+IgnoreUnrecognizedVMOptions -XX:+UnlockExperimentalVMOptions \
  -XX:TrimNativeHeapInterval=30000 -XX:SharedArchiveFile=/opt/inpod/ztunnel.jsa '-Xlog:cds*=off' -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 \
  "-Xbootclasspath/a$(signed_jars)" \
  -Dio.netty.leakDetection.level=disabled -Dio.netty.machineId=02:00:00:00:00:00:00:01 -Dio.netty.allocator.lowMemory=false -Dio.netty.jfr.enabled=false \
  -cp "$(jar_of ztunnel)" io.inpod.examples.ztunnel.Main

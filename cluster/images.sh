# Images, which are made of directories because no registry is within reach. Part of cluster.sh.

# In docker's archive format with one layer, which "ctr images import" reads.
image() { # NAME DIRECTORY [COMMAND...]
  local name=$1 directory=$2 work sum command=''
  shift 2
  work=$(mktemp -d "$state/image.XXXXXX")
  tar -C "$directory" --sort=name --owner=0 --group=0 --mtime=@0 -cf "$work/layer.tar" .
  sum=$(sha256sum <"$work/layer.tar" | cut -d' ' -f1)
  [ $# -eq 0 ] || command=$(printf '%s\n' "$@" | jq -Rnc '[inputs]')
  cat >"$work/config.json" <<END
{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin:/usr/bin:/sbin:/usr/sbin"],"Cmd":${command:-null}},
 "rootfs":{"type":"layers","diff_ids":["sha256:$sum"]}}
END
  echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$name\"],\"Layers\":[\"layer.tar\"]}]" >"$work/manifest.json"
  tar -C "$work" -cf "$work/image.tar" manifest.json config.json layer.tar
  enter ctr -n k8s.io images import --snapshotter overlayfs "$work/image.tar" >/dev/null
  rm -rf "$work"
}

# The two that every node has: localhost/pause:1 for the sandboxes of pods, and localhost/busybox:1, a shell with its tools.
images() {
  local directory applet
  directory=$(mktemp -d "$state/image.XXXXXX")
  mkdir -p "$directory"/{bin,tmp,etc}
  cp "$(enter sh -c 'command -v busybox')" "$directory/bin/busybox"
  ! ldd "$directory/bin/busybox" >/dev/null 2>&1 || die 'busybox needs libraries: install busybox-static'
  image localhost/pause:1 "$directory" /bin/busybox sleep 2147483647
  for applet in $(busybox --list | grep -vx busybox); do ln -sf busybox "$directory/bin/$applet"; done
  image localhost/busybox:1 "$directory" /bin/sh
  rm -rf "$directory"
}

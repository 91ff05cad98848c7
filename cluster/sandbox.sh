# The sandbox of a node: its own network, mount, pid, uts, ipc and cgroup namespaces. Part of cluster.sh.

group=inpod-kube-$KUBE_TEST_NAME

# --- cgroups (version 1) ---------------------------------------------------------------------------------------------------------
# One directory in each hierarchy. The sandbox sees it as the root, so the kubelet creates its "kubepods" inside.

hierarchies() { # prints lines: directory, and the mount options that select the hierarchy
  awk '$3 == "cgroup" {
    n = split($4, all, ","); keep = ""
    for (i = 1; i <= n; i++)
      if (all[i] !~ /^(rw|ro|nosuid|nodev|noexec|relatime|noatime|xattr|clone_children|release_agent=.*)$/)
        keep = keep (keep == "" ? "" : ",") all[i]
    print $2, keep
  }' /proc/self/mounts
}

make_groups() {
  local directory options file
  while read -r directory options; do
    mkdir -p "$directory/$group"
    for file in cpuset.cpus cpuset.mems; do # a new cpuset is empty and takes no process
      [ ! -e "$directory/$file" ] || cat "$directory/$file" >"$directory/$group/$file"
    done
  done < <(hierarchies)
}

join_groups() { # the calling process
  local directory options
  while read -r directory options; do
    [ ! -d "$directory/$group" ] || echo $BASHPID >"$directory/$group/cgroup.procs"
  done < <(hierarchies)
}

# Ends what is still in them too: a killed run may have left a sandbox that it hadn't recorded yet.
remove_groups() {
  local directory options pid left=0
  while read -r directory options; do
    [ -d "$directory/$group" ] || continue
    while read -r pid; do
      kill -KILL "$pid" 2>/dev/null || :
    done < <(find "$directory/$group" -name cgroup.procs -exec cat {} + 2>/dev/null)
    find "$directory/$group" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
  done < <(hierarchies)
  return $left
}

# --- what the machine must permit ------------------------------------------------------------------------------------------------

# Ends with a message that names what is missing. $1: the kind of cluster.
check() {
  local controller missing='' refused directory
  [ "$(id -u)" = 0 ] || die 'only root can start a node: its container runtime mounts file systems and creates cgroups'
  missing=$(missing_packages)
  [ -z "$missing" ] || die "programs: these Debian packages are missing:$missing. ./inpod verify --cluster installs them"
  if [ "$1" != api ]; then
    for controller in cpu cpuacct cpuset memory devices freezer pids; do
      hierarchies | cut -d' ' -f2 | tr , '\n' | grep -qx "$controller" || missing+=" $controller"
    done
    [ -z "$missing" ] || die "cgroups: this machine has no version 1 hierarchy of:$missing. A node in a sandbox needs them.
  With systemd before 258, the kernel parameter systemd.unified_cgroup_hierarchy=0 brings them back; with 256 and 257, it needs
  SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 in addition"
    while read -r directory _; do
      # not by pid, which another sandbox may have too
      refused=$(mktemp -d "$directory/$group-try.XXXXXX" 2>&1) || die "cgroups: this machine permits no new cgroup: $refused"
      rmdir "$refused"
    done < <(hierarchies)
  fi
  refused=$(unshare --mount --net --uts --ipc --pid --cgroup --fork --propagation private true 2>&1) ||
    die "namespaces: this machine permits no new ones: $refused"
  directory=$(mktemp -d "$(dirname "$state")/inpod-kube-try.XXXXXX")
  refused=$(unshare --mount --net --pid --cgroup --fork --propagation private bash "$self" _try "$1" "$directory" 2>&1) || {
    rm -rf "$directory"
    die "$refused"
  }
  rm -rf "$directory"
}

# Prints the packages of those programs that the file "programs" lists for a cluster and that aren't there.
missing_packages() {
  local occasion program package rest
  while read -r occasion program package rest; do
    [ "$occasion" = cluster ] || continue
    case $program in
      /*) [ -e "$program" ] ;;
      python3:*) /usr/bin/python3 -c "import ${program#*:}" >/dev/null 2>&1 ;;
      *) PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH" command -v "$program" >/dev/null 2>&1 ;;
    esac || echo "$package"
  done <"$here/../programs" | sort -u | while read -r package; do printf ' %s' "$package"; done
}

# In a sandbox of its own: what a node does with mounts and links. The first that is refused ends it with a message.
_try() { # KIND, and a directory where the cluster's state will be
  local directory options file=/proc/sys/kernel/panic
  attempt mounts mount -t proc proc /proc
  attempt mounts mount -t sysfs sysfs /sys
  attempt mounts mount --bind $file $file
  attempt mounts mount --make-rshared /
  mkdir -p "$2"/{lower,upper,work,over}
  attempt mounts mount -t overlay -o "lowerdir=$2/lower,upperdir=$2/upper,workdir=$2/work" overlay "$2/over" || {
    echo "  is $(dirname "$2") on an overlay itself? KUBE_TEST_STATE selects a directory elsewhere"
    return 1
  }
  umount "$2/over"
  attempt mounts mount -t tmpfs tmpfs "$2/over"
  umount "$2/over"
  attempt network ip link set lo up
  [ "$1" != api ] || return 0
  while read -r directory options; do
    attempt cgroups mount -t cgroup -o "$options" cgroup "$2/over"
    umount "$2/over"
  done < <(hierarchies)
  attempt network ip link add try0 type veth peer name try1
  attempt network ip link add try2 type bridge
  attempt network iptables -t nat -A PREROUTING -d 192.0.2.1 -p tcp --dport 443 -j DNAT --to-destination 192.0.2.2:6443
  attempt network iptables -t nat -A POSTROUTING -m comment --comment try -j MASQUERADE
  attempt network sysctl -qw net.ipv4.ip_forward=1
}

# Runs a command, and says what it was if it fails. $1: what it is about.
attempt() {
  local about=$1 printed
  shift
  printed=$("$@" 2>&1) || { echo "$about: this machine refuses \"$*\": $printed"; return 1; }
}

# --- making and entering -----------------------------------------------------------------------------------------------------------

started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# Prints the pid of the sandbox's process 1, if it is still the one that was started.
sandbox_pid() {
  local pid start
  read -r pid start 2>/dev/null <"$state/sandbox" || return 1
  [ "$(started_at "$pid")" = "$start" ] || return 1
  echo "$pid"
}

# Runs a command inside, in the sandbox's cgroups.
enter() {
  local pid
  pid=$(sandbox_pid) || die "no cluster '$KUBE_TEST_NAME' is up"
  (
    join_groups
    exec nsenter -t "$pid" -m -u -i -n -p -C --wd="$PWD" \
      env KUBECONFIG="$state/admin.kubeconfig" PATH="$bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH" "$@"
  )
}

# Runs a function of this script inside.
inside() { enter bash "$self" "$@"; }

make_sandbox() {
  local outer pid
  echo 127.0.0.1 >"$state/address"
  hierarchies >"$state/hierarchies"
  make_groups
  # A session of its own: a signal to the caller's process group doesn't reach it.
  (
    join_groups
    exec setsid unshare --mount --net --uts --ipc --pid --cgroup --fork --kill-child --propagation private -- bash "$self" _init
  ) </dev/null >"$state/log/sandbox.log" 2>&1 &
  outer=$!
  wait_for 10 'the sandbox' test -e "$state/initialised" || { tail -n 5 "$state/log/sandbox.log" >&2; return 1; }
  pid=$(pgrep -P "$outer")
  echo "$pid $(started_at "$pid")" >"$state/sandbox"
  [ "$(kind)" = api ] || make_link
}

# Process 1 of the sandbox: mounts what a node has, then waits for its children.
_init() {
  local directory options file
  # Let go of the machine's mounts instead of covering them: a mount that stays keeps alive what the machine removes (a network
  # namespace in /run/netns, for example), and programs that look for cgroups take the first that they find.
  umount -l -R /sys
  awk '$2 ~ "^/run/" {print $2}' /proc/self/mounts | sort -ru | while read -r file; do
    umount -l "$file" 2>/dev/null || : # it may be gone with the one below it
  done
  umount -l -R /proc
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  while read -r directory options; do
    mkdir -p "$directory"
    mount -t cgroup -o "$options" cgroup "$directory"
  done <"$state/hierarchies"
  hostname $node
  mount --make-rshared / # as on a node, where pods may ask for mount propagation

  # The node's own /run in memory; its /etc, /opt and /var take writes that the machine never sees, and keep them over a reboot. So
  # everything on the node finds the usual paths.
  for directory in etc opt var; do
    mkdir -p "$state/over/$directory" "$state/over/.$directory"
    mount -t overlay -o "lowerdir=/$directory,upperdir=$state/over/$directory,workdir=$state/over/.$directory" overlay "/$directory"
  done
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/netns /run/lock
  # Overlay's snapshots can't be on an overlay.
  for directory in containerd etcd kubelet; do
    mkdir -p "$state/disk/$directory" "/var/lib/$directory"
    mount --bind "$state/disk/$directory" "/var/lib/$directory"
  done

  # The kubelet sets these for the whole machine: it gets copies to write to.
  for file in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
    mkdir -p "$state/sysctl/${file%/*}"
    cat "/proc/sys/$file" >"$state/sysctl/$file"
    mount --bind "$state/sysctl/$file" "/proc/sys/$file"
  done
  # Another one after each reboot, as on a machine.
  cat /proc/sys/kernel/random/uuid >"$state/sysctl/boot_id"
  mount --bind "$state/sysctl/boot_id" /proc/sys/kernel/random/boot_id

  ip link set lo up
  sysctl -qw net.ipv4.ip_forward=1
  touch "$state/initialised"
  trap : TERM INT HUP
  while :; do sleep 1000 & wait || :; done
}

# A pair of devices: the machine's end makes the node reachable; the inner end is the address that a kubelet must have, and that must not
# be a loopback address.
make_link() {
  local pid slot
  pid=$(sandbox_pid)
  if [ -e "$state/slot" ]; then # a node keeps its address
    slot=$(cat "$state/slot")
    ip link add "kt$slot" type veth peer name eth0 netns "$pid"
  else
    for slot in $(seq 1 200); do
      ip link add "kt$slot" type veth peer name eth0 netns "$pid" 2>/dev/null && break
    done
    echo "$slot" >"$state/slot"
  fi
  ip address add "10.213.$slot.1/30" dev "kt$slot"
  ip link set "kt$slot" up
  nsenter -t "$pid" -n sh -c "ip address add 10.213.$slot.2/30 dev eth0 && ip link set eth0 up && ip route add default via 10.213.$slot.1"
  echo "10.213.$slot.2" >"$state/address"
}

end_sandbox() {
  local pid
  if pid=$(sandbox_pid); then
    kill -KILL "$pid" # and with it every process and every mount of the sandbox
    wait_for 20 'the sandbox to end' test ! -d "/proc/$pid"
  fi
  [ ! -e "$state/slot" ] || wait_for 5 'the link to go' eval "! ip link show kt$(cat "$state/slot")"
  wait_for 20 'the cgroups to go' remove_groups
}

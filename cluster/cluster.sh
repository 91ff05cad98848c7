#!/usr/bin/env bash
# A real Kubernetes node for tests and demos, in a sandbox that is thrown away.
#
#   cluster.sh check                  whether this machine permits it, and if not, what is missing
#   cluster.sh up [KIND] [--chained]  starts a cluster, and returns when it is ready
#                                     KIND: --node (the default), --containerd (containerd alone), --api (etcd and API server alone)
#                                     --chained puts chained.sh at the end of the list of CNI plugins
#   cluster.sh down                   stops it, and removes all that it made
#   cluster.sh env                    prints settings for a shell: eval "$(cluster.sh env)"
#   cluster.sh exec COMMAND...        runs a command on the node, as root
#   cluster.sh kubectl ARGUMENT...    runs kubectl on the node, as the administrator
#   cluster.sh start PROGRAM          starts one program again, and waits until it answers
#   cluster.sh stop PROGRAM [SIGNAL]  ends one program (by TERM unless told otherwise), and waits until it is gone
#   cluster.sh reboot                 ends all processes and namespaces of the node, keeps its disk, and starts it again
#   cluster.sh image NAME DIRECTORY [COMMAND...]
#                                     makes an image of a directory and loads it into containerd
#   cluster.sh compact                compacts etcd up to its newest revision
#   cluster.sh logs [PROGRAM]         prints the last lines of the logs
#
# PROGRAM: etcd kube-apiserver kube-controller-manager kube-scheduler containerd kubelet
# KUBE_TEST_NAME (main) tells the clusters of one machine apart.
# KUBE_TEST_CACHE (~/.cache/inpod/kubernetes) is where build.sh puts the programs.
# KUBE_TEST_STATE (/tmp/inpod-kube-NAME) contains everything that a cluster writes.
set -euo pipefail

self=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/cluster.sh
here=$(dirname "$self")
export KUBE_TEST_CACHE=${KUBE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/inpod/kubernetes}
export KUBE_TEST_NAME=${KUBE_TEST_NAME:-main}
export KUBE_TEST_STATE=${KUBE_TEST_STATE:-/tmp/inpod-kube-$KUBE_TEST_NAME}
bin=$KUBE_TEST_CACHE/bin
state=$KUBE_TEST_STATE
node=node1
service_range=10.96.0.0/16
service_ip=10.96.0.1

die() {
  echo "cluster.sh: $*" >&2
  exit 1
}

# Waits until a command succeeds. $1: at most so many seconds; $2: what is awaited.
wait_for() {
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $limit ] || { echo "cluster.sh: $what: not in time" >&2; return 1; }
    sleep 0.05
  done
}

for part in sandbox settings programs images; do
  # shellcheck source=/dev/null
  . "$here/$part.sh"
done

kind() { cat "$state/kind"; }

up() {
  local kind=node chained=none option
  for option; do
    case $option in
      --node | --containerd | --api) kind=${option#--} ;;
      --chained) chained=chained ;;
      *) die "up: no such option: $option" ;;
    esac
  done
  check "$kind"
  [ "$kind" = containerd ] || [ -x "$bin/kube" ] || die "there is no Kubernetes in $bin: $here/build.sh builds it"
  ! sandbox_pid >/dev/null || die "'$KUBE_TEST_NAME' is up already"
  case $state/ in /etc/* | /opt/* | /var/* | /run/*) die "KUBE_TEST_STATE must not be below /etc, /opt, /var or /run" ;; esac
  # "down" removes it as a whole, so it must not be anybody else's.
  [ ! -e "$state" ] || [ -e "$state/kind" ] || die "$state exists, and no cluster made it"
  down # what a killed run left
  mkdir -p "$state"
  echo "$kind" >"$state/kind"
  mkdir -p "$state"/{log,pid,over,disk}
  trap '[ $? = 0 ] || echo "cluster.sh: up failed; the logs are in $state/log" >&2' EXIT
  make_sandbox
  [ "$kind" = containerd ] || make_keys "$(cat "$state/address")"
  [ "$kind" = api ] || inside _settings "$chained"
  start_all
  [ "$kind" = api ] || images
  [ "$kind" != node ] || wait_for 30 'the default service account' enter kubectl get serviceaccount -n default default
}

# Starts everything in the sandbox. On few cores the waits overlap.
start_all() {
  local kind program
  kind=$(kind)
  if [ "$kind" != containerd ]; then
    start etcd 20
    inside _start kube-apiserver
  fi
  if [ "$kind" != api ]; then
    inside _rules
    start containerd 20
  fi
  [ "$kind" != containerd ] || return 0
  inside _await kube-apiserver 60
  if [ "$kind" = node ]; then
    for program in kube-controller-manager kube-scheduler kubelet; do inside _start "$program"; done
    wait_for 90 'the node to be ready' node_ready || { inside _await kubelet 1; return 1; }
    for program in kube-controller-manager kube-scheduler kubelet; do inside _await "$program" 30; done
  fi
}

# After a reboot the node's object says "Ready" until the kubelet has spoken again: its new start time counts.
node_ready() {
  [ "$(enter kubectl get node $node -o 'jsonpath={.status.nodeInfo.bootID} {.status.conditions[?(@.type=="Ready")].status}')" = "$(enter cat /proc/sys/kernel/random/boot_id) True" ]
}

down() {
  end_sandbox
  [ ! -e "$state/kind" ] || rm -rf "$state"
}

reboot() {
  sandbox_pid >/dev/null || die "no cluster '$KUBE_TEST_NAME' is up"
  end_sandbox
  rm -f "$state"/pid/* "$state/sandbox" "$state/initialised"
  make_sandbox
  start_all
}

environment() {
  sandbox_pid >/dev/null || die "no cluster '$KUBE_TEST_NAME' is up"
  echo "export KUBECONFIG='$state/admin.kubeconfig'"
  echo "export KUBE_TEST_NAME='$KUBE_TEST_NAME' KUBE_TEST_STATE='$state' KUBE_TEST_CACHE='$KUBE_TEST_CACHE'"
  echo "export KUBE_TEST_ADDRESS='$(cat "$state/address")' KUBE_TEST_PID='$(sandbox_pid)'"
  echo "export PATH='$bin':\"\$PATH\""
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
  check) check node ;;
  up) up "$@" ;;
  down) down ;;
  env) environment ;;
  exec) enter "$@" ;;
  kubectl) enter kubectl "$@" ;;
  start) start "$1" ;;
  stop) inside _stop "$1" "${2:-TERM}" ;;
  reboot) reboot ;;
  image) image "$@" ;;
  compact) compact ;;
  logs) cd "$state/log" && if [ $# = 1 ]; then tail -n 40 "$1.log"; else tail -n 15 -- *.log | cut -c1-300; fi ;;
  _*) "$command" "$@" ;; # what this script calls inside the sandbox
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$self"; exit 2 ;;
esac

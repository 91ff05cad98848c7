# The programs of a node: how each is started, asked whether it is ready, and ended. Part of cluster.sh.

start() { # PROGRAM [SECONDS]
  inside _start "$1"
  inside _await "$1" "${2:-60}"
}

# Inside. Starts a program that outlives the caller.
_start() {
  local pid
  case " etcd kube-apiserver kube-controller-manager kube-scheduler containerd kubelet " in *" $1 "*) ;; *) die "no such program: $1" ;; esac
  if pid=$(cat "$state/pid/$1" 2>/dev/null) && [ -d "/proc/$pid" ]; then die "$1 is running already"; fi
  setsid bash "$self" _run "$1" </dev/null >>"$state/log/$1.log" 2>&1 &
  wait_for 5 "$1" runs "$1"
}

runs() { [ -d "/proc/$(cat "$state/pid/$1")" ]; }

# Runs a program until it is stopped. If it ends by itself, it is started again, as the kubelet or systemd would do. The scheduler counts
# on that: it ends if a pod was replaced by another one of the same name while the scheduler didn't watch.
_run() {
  local pid code
  while :; do
    become "$1" &
    pid=$! code=0
    echo $pid >"$state/pid/.$1" && mv "$state/pid/.$1" "$state/pid/$1"
    wait $pid || code=$?
    sleep 1
    [ "$(cat "$state/pid/$1" 2>/dev/null)" = $pid ] || return 0 # stopped
    echo "cluster.sh: $1 ended by itself, with $code; it is started again"
  done
}

# Inside. Replaces this process with the program.
become() {
  local address pki=$state/pki special
  address=$(cat "$state/address")
  case $1 in
    etcd)
      exec "$bin/etcd" --name test --data-dir /var/lib/etcd/data --unsafe-no-fsync --log-level warn \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
        --initial-cluster test=http://127.0.0.1:2380
      ;;
    kube-apiserver)
      special=(--enable-admission-plugins=NodeRestriction --kubelet-preferred-address-types=InternalIP
        --kubelet-client-certificate="$pki/apiserver-kubelet.crt" --kubelet-client-key="$pki/apiserver-kubelet.key")
      # Alone, it has only a loopback address, which it refuses to write into an Endpoints object, and nobody creates the service accounts
      # that it would demand of every pod.
      [ "$(kind)" = node ] || special=(--endpoint-reconciler-type=none --disable-admission-plugins=ServiceAccount)
      exec "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
        --bind-address=0.0.0.0 --secure-port=6443 --advertise-address="$address" \
        --service-cluster-ip-range=$service_range \
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
        --client-ca-file="$pki/ca.crt" --token-auth-file="$state/tokens.csv" \
        --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc \
        --authorization-mode=Node,RBAC --allow-privileged=true "${special[@]}"
      ;;
    kube-controller-manager)
      exec "$bin/kube-controller-manager" --kubeconfig="$state/manager.kubeconfig" \
        --authentication-kubeconfig="$state/manager.kubeconfig" --authorization-kubeconfig="$state/manager.kubeconfig" \
        --bind-address=127.0.0.1 --authentication-skip-lookup=true --leader-elect=false --use-service-account-credentials=true \
        --kube-api-qps=500 --kube-api-burst=1000 \
        --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt"
      ;;
    kube-scheduler)
      exec "$bin/kube-scheduler" --kubeconfig="$state/scheduler.kubeconfig" \
        --authentication-kubeconfig="$state/scheduler.kubeconfig" --authorization-kubeconfig="$state/scheduler.kubeconfig" \
        --bind-address=127.0.0.1 --authentication-skip-lookup=true --leader-elect=false
      ;;
    containerd) exec containerd --config /etc/containerd/config.toml ;;
    kubelet)
      exec "$bin/kubelet" --config=/etc/kubernetes/kubelet.yaml --kubeconfig="$state/node.kubeconfig" \
        --hostname-override=$node --node-ip="$address" --root-dir=/var/lib/kubelet --cert-dir=/var/lib/kubelet/pki
      ;;
  esac
}

# Inside. Whether the program is ready.
_answers() {
  runs "$1" || return 1
  case $1 in
    etcd) curl -sf -m 2 http://127.0.0.1:2379/health ;;
    kube-apiserver) curl -sf -m 2 --cacert "$state/pki/ca.crt" https://127.0.0.1:6443/readyz ;;
    kube-controller-manager) curl -skf -m 2 https://127.0.0.1:10257/healthz ;;
    kube-scheduler) curl -skf -m 2 https://127.0.0.1:10259/healthz ;;
    containerd) ctr --connect-timeout 1s plugins ls | grep -q 'grpc.v1 *cri .*ok' ;;
    kubelet) curl -sf -m 2 http://127.0.0.1:10248/healthz ;;
  esac
}

_await() { # PROGRAM SECONDS
  wait_for "$2" "$1" _answers "$1" && return
  tail -n 8 "$state/log/$1.log" >&2
  return 1
}

_stop() { # PROGRAM SIGNAL
  local pid
  pid=$(cat "$state/pid/$1" 2>/dev/null) && [ -d "/proc/$pid" ] || die "$1 isn't running"
  rm -f "$state/pid/$1" # so that it isn't started again
  kill -s "$2" "$pid"
  wait_for 90 "$1 to end" test ! -d "/proc/$pid"
}

compact() {
  # shellcheck disable=SC2016
  enter bash -c '
    post() { curl -sf -m 10 "http://127.0.0.1:2379/v3/$1" -d "$2"; }
    revision=$(post kv/range "{\"key\":\"AA==\",\"count_only\":true,\"range_end\":\"AQ==\"}" | jq -r .header.revision)
    post kv/compaction "{\"revision\":\"$revision\",\"physical\":true}" > /dev/null
    echo "$revision"'
}

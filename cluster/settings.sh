# Keys, tokens, and the files under /etc of a node. Part of cluster.sh.

# --- keys and tokens ---------------------------------------------------------------------------------------------------------------

make_keys() { # ADDRESS
  local directory=$state/pki address=$1 secret
  mkdir -p "$directory"
  cd "$directory"
  openssl ecparam -name prime256v1 -genkey -noout -out ca.key
  openssl req -x509 -new -key ca.key -days 30 -subj /CN=inpod-test-ca -out ca.crt
  openssl ecparam -name prime256v1 -genkey -noout -out sa.key
  openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
  issue apiserver /CN=kube-apiserver serverAuth \
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:$node,IP:127.0.0.1,IP:$service_ip,IP:$address"
  issue apiserver-kubelet /O=system:masters/CN=kube-apiserver-kubelet clientAuth DNS:unused
  cd - >/dev/null
  umask 077
  secret=$(openssl rand -hex 16)
  cat >"$state/tokens.csv" <<END
admin-$secret,admin,admin,system:masters
manager-$secret,system:kube-controller-manager,manager
scheduler-$secret,system:kube-scheduler,scheduler
node-$secret,system:node:$node,node,system:nodes
END
  kubeconfig admin "admin-$secret" "$address"
  kubeconfig manager "manager-$secret" 127.0.0.1
  kubeconfig scheduler "scheduler-$secret" 127.0.0.1
  kubeconfig node "node-$secret" 127.0.0.1
  umask 022
}

issue() { # FILE SUBJECT USAGE NAMES
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$1.crt" \
    -extfile <(printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4") 2>/dev/null
}

kubeconfig() { # NAME TOKEN ADDRESS
  cat >"$state/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: $1}}]
clusters: [{name: test, cluster: {server: "https://$3:6443", certificate-authority-data: $(base64 -w0 <"$state/pki/ca.crt")}}]
users: [{name: $1, user: {token: $2}}]
END
}

# --- files of the node -------------------------------------------------------------------------------------------------------------

# Inside. $1: "chained" to end the list of CNI plugins with chained.sh.
_settings() {
  mkdir -p /etc/containerd /etc/cni/net.d /opt/cni/bin /etc/kubernetes /var/lib/cni /var/log/pods /var/log/containers
  cp /usr/lib/cni/* /opt/cni/bin/
  printf '127.0.0.1 localhost\n%s %s\n' "$(cat "$state/address")" $node >/etc/hosts
  cat >/etc/containerd/config.toml <<'END'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
END
  local chained=''
  if [ "$1" = chained ]; then
    install -m 755 "$here/chained.sh" /opt/cni/bin/chained
    mkdir -p "$state/log/chained"
    chained=",
    {\"type\": \"chained\", \"log\": \"$state/log/chained\"}"
  fi
  cat >/etc/cni/net.d/10-pods.conflist <<END
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}$chained
  ]
}
END
  [ "$(kind)" = node ] || return 0
  echo 'nameserver 10.96.0.10' >/etc/kubernetes/resolv.conf
  cat >/etc/kubernetes/kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $state/pki/ca.crt}
authorization: {mode: Webhook}
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
resolvConf: /etc/kubernetes/resolv.conf
volumePluginDir: /var/lib/kubelet/plugins-exec
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
END
}

# Inside. There is no kube-proxy: the one service that pods expect leads to the API server.
_rules() {
  local chain
  for chain in PREROUTING OUTPUT; do
    iptables -t nat -A $chain -d $service_ip -p tcp --dport 443 -j DNAT --to-destination "$(cat "$state/address"):6443"
  done
}

#!/bin/sh
# Records the last request that each ip(8) command sends, as "name: hexadecimal # command". Run as root:
#   unshare -n ./record.sh > ip-requests.txt
# Qdiscs are recorded too, from tc(8). Links: lo has index 1, v1 2, v0 3, br0 4.
set -eu
ip link add v0 type veth peer name v1
ip link add br0 type bridge
ip link set lo up
ip addr add 10.9.0.1/24 dev v0
ip -6 addr add fd09::1/64 dev v0 nodad
ip link set v0 up
ip link set v1 up
echo "# $(ip -V), linux $(uname -r | cut -d- -f1), $(uname -m); made by record.sh"
r() {
  name=$1; shift
  strace -e trace=sendmsg,sendto -e write=all -o /tmp/record.$$ "$@" >/dev/null 2>&1 || { echo "$* failed" >&2; exit 1; }
  printf '%s: ' "$name"
  awk '/^send/ { hex = "" } /^ \| / { hex = hex substr($0, 10, 49) } END { gsub(/ /, "", hex); printf "%s", hex }' /tmp/record.$$
  echo " # $*"
  rm /tmp/record.$$
}
# Records a request that some kernels refuse because they haven't the kind: the request is the same.
kind() {
  name=$1; shift
  strace -e trace=sendmsg,sendto -e write=all -o /tmp/record.$$ "$@" >/dev/null 2>&1 || true
  printf '%s: ' "$name"
  awk '/^send/ { hex = "" } /^ \| / { hex = hex substr($0, 10, 49) } END { gsub(/ /, "", hex); printf "%s", hex }' /tmp/record.$$
  echo " # $*"
  rm /tmp/record.$$
}
r address-add        ip address add 192.0.2.1/24 dev v0
r address-add-v6     ip address add 2001:db8::1/64 dev v0 nodad
r address-delete     ip address delete 192.0.2.1/24 dev v0
r address-list       ip -4 address list
r link-up            ip link set v0 up
r link-down          ip link set br0 down
r link-master        ip link set v0 master br0
r link-no-master     ip link set v0 nomaster
r link-mtu           ip link set v0 mtu 1400
r link-address       ip link set v0 address 02:00:5e:00:53:01
r link-add-bridge    ip link add br1 type bridge
r link-add-veth      ip link add a0 type veth peer name a1
r link-delete        ip link delete a0
kind link-add-dummy  ip link add d0 type dummy
kind link-add-wireguard ip link add wg0 type wireguard
kind link-add-vlan   ip link add link v0 name vlan7 mtu 1400 type vlan id 7
kind link-add-macvlan ip link add link v0 name m0 address 02:00:5e:00:53:07 type macvlan mode bridge
kind link-add-ipvlan ip link add link v0 name i0 up type ipvlan mode l3
kind link-add-vxlan  ip link add vx0 type vxlan id 42 dev v0 remote 192.0.2.9 local 10.9.0.1 dstport 4789
kind link-add-vxlan-v6 ip link add vx1 type vxlan id 43 remote 2001:db8::9 dstport 4789
r link-altname       ip link property add dev v0 altname another-name
r link-no-altname    ip link property del dev v0 altname another-name
kind qdisc-netem     tc qdisc add dev v0 root netem limit 1000 delay 80ms 10ms loss 0.5% duplicate 1% reorder 25% corrupt 0.1% rate 8mbit
kind qdisc-delete    tc qdisc del dev v0 root
r route-add          ip route add 10.5.0.0/16 via 10.9.0.2 dev v0 table 1000 metric 7
r route-add-default  ip route add default via 10.9.0.2
r route-add-link     ip route add 10.6.0.0/16 dev v0
r route-add-local    ip route add local default dev lo table 100
r route-add-local-v6 ip -6 route add local default dev lo table 100
r route-add-v6       ip -6 route add 2001:db8:5::/48 via fd09::2
r route-blackhole    ip route add blackhole 10.7.0.0/16
r route-unreachable  ip route add unreachable 10.8.0.0/16
r route-replace      ip route replace 10.6.0.0/16 via 10.9.0.3
r route-several      ip route add 10.10.0.0/16 src 10.9.0.1 proto 4 mtu 1400 nexthop via 10.9.0.2 weight 3 nexthop via 10.9.0.3
r route-onlink       ip route add 10.11.0.0/16 tos 0x10 via 192.0.2.77 dev v0 onlink metric 5
r address-lifetimes  ip address add 192.0.2.5 peer 192.0.2.6/32 dev v0 valid_lft 600 preferred_lft 300 noprefixroute
r route-delete       ip route delete 10.5.0.0/16 via 10.9.0.2 dev v0 table 1000 metric 7
r rule-add           ip rule add pref 32764 fwmark 0x111/0xfff lookup 100
r rule-add-v6        ip -6 rule add pref 32764 fwmark 0x111/0xfff lookup 70000
r rule-add-from      ip rule add pref 10 from 10.0.0.0/8 to 192.0.2.0/24 iif v0 lookup 100
r rule-add-not       ip rule add pref 11 not from 10.0.0.0/8 oif v1 lookup 100
r rule-prohibit      ip rule add pref 12 from 10.3.0.0/16 prohibit
r rule-delete        ip rule delete pref 32764 fwmark 0x111/0xfff lookup 100
r neighbour-add      ip neighbour add 10.9.0.7 lladdr 02:00:5e:00:53:02 dev v0
r neighbour-delete   ip neighbour delete 10.9.0.7 dev v0

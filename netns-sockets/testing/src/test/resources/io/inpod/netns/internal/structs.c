// Not run, only compiled to assembly: lines beginning with "->" give struct, field, offset and size in bytes. See README.md.
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stddef.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/stat.h>
#include <linux/unix_diag.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define STRUCT(s) __asm__ volatile("\n-> " #s " - 0 %c0" ::"i"(sizeof(struct s)))
#define FIELD(s, f) __asm__ volatile("\n-> " #s " " #f " %c0 %c1" ::"i"(offsetof(struct s, f)), "i"(sizeof(((struct s *)0)->f)))

void structs(void) {
    STRUCT(nlmsghdr);
    FIELD(nlmsghdr, nlmsg_len);
    FIELD(nlmsghdr, nlmsg_type);
    FIELD(nlmsghdr, nlmsg_flags);
    FIELD(nlmsghdr, nlmsg_seq);
    FIELD(nlmsghdr, nlmsg_pid);
    STRUCT(nlmsgerr);
    FIELD(nlmsgerr, error);
    FIELD(nlmsgerr, msg.nlmsg_len);
    STRUCT(nlattr);
    FIELD(nlattr, nla_len);
    FIELD(nlattr, nla_type);
    STRUCT(ifinfomsg);
    FIELD(ifinfomsg, ifi_family);
    FIELD(ifinfomsg, ifi_type);
    FIELD(ifinfomsg, ifi_index);
    FIELD(ifinfomsg, ifi_flags);
    FIELD(ifinfomsg, ifi_change);
    STRUCT(ifaddrmsg);
    FIELD(ifaddrmsg, ifa_family);
    FIELD(ifaddrmsg, ifa_prefixlen);
    FIELD(ifaddrmsg, ifa_flags);
    FIELD(ifaddrmsg, ifa_scope);
    FIELD(ifaddrmsg, ifa_index);
    STRUCT(ifa_cacheinfo);
    FIELD(ifa_cacheinfo, ifa_prefered);
    FIELD(ifa_cacheinfo, ifa_valid);
    STRUCT(rtmsg);
    FIELD(rtmsg, rtm_family);
    FIELD(rtmsg, rtm_dst_len);
    FIELD(rtmsg, rtm_src_len);
    FIELD(rtmsg, rtm_tos);
    FIELD(rtmsg, rtm_table);
    FIELD(rtmsg, rtm_protocol);
    FIELD(rtmsg, rtm_scope);
    FIELD(rtmsg, rtm_type);
    FIELD(rtmsg, rtm_flags);
    STRUCT(rtnexthop);
    FIELD(rtnexthop, rtnh_len);
    FIELD(rtnexthop, rtnh_flags);
    FIELD(rtnexthop, rtnh_hops);
    FIELD(rtnexthop, rtnh_ifindex);
    STRUCT(rta_cacheinfo);
    FIELD(rta_cacheinfo, rta_expires);
    STRUCT(fib_rule_hdr);
    FIELD(fib_rule_hdr, family);
    FIELD(fib_rule_hdr, dst_len);
    FIELD(fib_rule_hdr, src_len);
    FIELD(fib_rule_hdr, tos);
    FIELD(fib_rule_hdr, table);
    FIELD(fib_rule_hdr, action);
    FIELD(fib_rule_hdr, flags);
    STRUCT(ndmsg);
    FIELD(ndmsg, ndm_family);
    FIELD(ndmsg, ndm_ifindex);
    FIELD(ndmsg, ndm_state);
    FIELD(ndmsg, ndm_flags);
    FIELD(ndmsg, ndm_type);
    STRUCT(rtgenmsg);
    FIELD(rtgenmsg, rtgen_family);
    STRUCT(nfgenmsg);
    FIELD(nfgenmsg, nfgen_family);
    STRUCT(inet_diag_req_v2);
    FIELD(inet_diag_req_v2, sdiag_family);
    FIELD(inet_diag_req_v2, sdiag_protocol);
    FIELD(inet_diag_req_v2, idiag_ext);
    FIELD(inet_diag_req_v2, idiag_states);
    FIELD(inet_diag_req_v2, id.idiag_sport);
    FIELD(inet_diag_req_v2, id.idiag_dport);
    FIELD(inet_diag_req_v2, id.idiag_src);
    FIELD(inet_diag_req_v2, id.idiag_dst);
    FIELD(inet_diag_req_v2, id.idiag_if);
    FIELD(inet_diag_req_v2, id.idiag_cookie[0]);
    FIELD(inet_diag_req_v2, id.idiag_cookie[1]);
    STRUCT(inet_diag_msg);
    FIELD(inet_diag_msg, idiag_family);
    FIELD(inet_diag_msg, idiag_state);
    FIELD(inet_diag_msg, id.idiag_sport);
    FIELD(inet_diag_msg, id.idiag_dport);
    FIELD(inet_diag_msg, id.idiag_src);
    FIELD(inet_diag_msg, id.idiag_dst);
    FIELD(inet_diag_msg, id.idiag_if);
    FIELD(inet_diag_msg, id.idiag_cookie[0]);
    FIELD(inet_diag_msg, id.idiag_cookie[1]);
    FIELD(inet_diag_msg, idiag_rqueue);
    FIELD(inet_diag_msg, idiag_wqueue);
    FIELD(inet_diag_msg, idiag_uid);
    FIELD(inet_diag_msg, idiag_inode);
    STRUCT(unix_diag_req);
    FIELD(unix_diag_req, sdiag_family);
    FIELD(unix_diag_req, udiag_states);
    FIELD(unix_diag_req, udiag_show);
    STRUCT(unix_diag_msg);
    FIELD(unix_diag_msg, udiag_type);
    FIELD(unix_diag_msg, udiag_state);
    FIELD(unix_diag_msg, udiag_ino);
    STRUCT(tcmsg);
    FIELD(tcmsg, tcm_ifindex);
    FIELD(tcmsg, tcm_handle);
    FIELD(tcmsg, tcm_parent);
    STRUCT(tc_netem_qopt);
    FIELD(tc_netem_qopt, latency);
    FIELD(tc_netem_qopt, limit);
    FIELD(tc_netem_qopt, loss);
    FIELD(tc_netem_qopt, gap);
    FIELD(tc_netem_qopt, duplicate);
    FIELD(tc_netem_qopt, jitter);
    STRUCT(tc_tbf_qopt);
    FIELD(tc_tbf_qopt, rate.linklayer);
    FIELD(tc_tbf_qopt, rate.rate);
    FIELD(tc_tbf_qopt, limit);
    FIELD(tc_tbf_qopt, buffer);
    STRUCT(sockaddr_nl);
    FIELD(sockaddr_nl, nl_family);
    FIELD(sockaddr_nl, nl_pid);
    FIELD(sockaddr_nl, nl_groups);
    STRUCT(sockaddr_un);
    FIELD(sockaddr_un, sun_family);
    STRUCT(sockaddr_ll);
    FIELD(sockaddr_ll, sll_family);
    FIELD(sockaddr_ll, sll_protocol);
    FIELD(sockaddr_ll, sll_ifindex);
    STRUCT(sockaddr_in);
    FIELD(sockaddr_in, sin_family);
    FIELD(sockaddr_in, sin_port);
    FIELD(sockaddr_in, sin_addr);
    STRUCT(sockaddr_in6);
    FIELD(sockaddr_in6, sin6_family);
    FIELD(sockaddr_in6, sin6_port);
    FIELD(sockaddr_in6, sin6_flowinfo);
    FIELD(sockaddr_in6, sin6_addr);
    FIELD(sockaddr_in6, sin6_scope_id);
    STRUCT(msghdr);
    FIELD(msghdr, msg_name);
    FIELD(msghdr, msg_namelen);
    FIELD(msghdr, msg_iov);
    FIELD(msghdr, msg_iovlen);
    FIELD(msghdr, msg_control);
    FIELD(msghdr, msg_controllen);
    FIELD(msghdr, msg_flags);
    STRUCT(iovec);
    FIELD(iovec, iov_base);
    FIELD(iovec, iov_len);
    STRUCT(cmsghdr);
    FIELD(cmsghdr, cmsg_len);
    FIELD(cmsghdr, cmsg_level);
    FIELD(cmsghdr, cmsg_type);
    STRUCT(ucred);
    FIELD(ucred, pid);
    FIELD(ucred, uid);
    FIELD(ucred, gid);
    STRUCT(pollfd);
    FIELD(pollfd, fd);
    FIELD(pollfd, events);
    FIELD(pollfd, revents);
    STRUCT(statx);
    FIELD(statx, stx_mode);
    FIELD(statx, stx_ino);
    FIELD(statx, stx_dev_major);
    FIELD(statx, stx_dev_minor);
    STRUCT(tpacket_req);
    FIELD(tpacket_req, tp_block_size);
    FIELD(tpacket_req, tp_block_nr);
    FIELD(tpacket_req, tp_frame_size);
    FIELD(tpacket_req, tp_frame_nr);
    STRUCT(tpacket2_hdr);
    FIELD(tpacket2_hdr, tp_status);
    FIELD(tpacket2_hdr, tp_len);
    FIELD(tpacket2_hdr, tp_snaplen);
    FIELD(tpacket2_hdr, tp_mac);
    STRUCT(tpacket_stats);
    FIELD(tpacket_stats, tp_packets);
    FIELD(tpacket_stats, tp_drops);
}

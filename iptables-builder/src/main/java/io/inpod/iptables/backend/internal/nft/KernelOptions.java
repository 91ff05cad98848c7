package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.backend.internal.nft.expr.Expr;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The options of the kernel's configuration that provide expressions. */
final class KernelOptions {
    private KernelOptions() {}

    /** Returns the options that a rule needs in addition to CONFIG_NF_TABLES, in words. */
    static List<String> of(List<Expr> expressions) {
        List<String> options = new ArrayList<>();
        for (Expr expression : expressions) {
            String option = option(expression);
            if (!option.isEmpty() && !options.contains(option)) {
                options.add(option);
            }
        }
        return options;
    }

    static String compat() {
        return "CONFIG_NFT_COMPAT (module nft_compat)";
    }

    static String match(String name) {
        return switch (name) {
            case "tcp", "udp", "icmp", "icmp6" -> "CONFIG_NETFILTER_XTABLES (module x_tables)";
            default -> "CONFIG_NETFILTER_XT_MATCH_" + name.toUpperCase(Locale.ROOT) + " (module xt_" + name + ")";
        };
    }

    static String target(String name) {
        return switch (name) {
            case "REJECT" -> "CONFIG_IP_NF_TARGET_REJECT or CONFIG_IP6_NF_TARGET_REJECT (module ipt_REJECT or ip6t_REJECT)";
            case "SNAT", "DNAT" -> "CONFIG_NETFILTER_XT_NAT (module xt_nat)";
            default -> "CONFIG_NETFILTER_XT_TARGET_" + name + " (module xt_" + name + ")";
        };
    }

    private static String option(Expr expression) {
        if (expression instanceof Expr.XtMatch match) {
            return match(match.name());
        } else if (expression instanceof Expr.XtTarget target) {
            return target(target.name());
        } else if (expression instanceof Expr.Ct || expression instanceof Expr.SetCt) {
            return "CONFIG_NFT_CT (module nft_ct)";
        } else if (expression instanceof Expr.Limit) {
            return "CONFIG_NFT_LIMIT (module nft_limit)";
        } else if (expression instanceof Expr.NumberGenerator) {
            return "CONFIG_NFT_NUMGEN (module nft_numgen)";
        } else if (expression instanceof Expr.Socket) {
            return "CONFIG_NFT_SOCKET (module nft_socket)";
        } else if (expression instanceof Expr.Fib) {
            return "CONFIG_NFT_FIB_INET (module nft_fib_inet)";
        } else if (expression instanceof Expr.Plain plain) {
            return switch (plain.name()) {
                case "redir" -> "CONFIG_NFT_REDIR (module nft_redir)";
                case "masq" -> "CONFIG_NFT_MASQ (module nft_masq)";
                case "nat" -> "CONFIG_NFT_NAT (module nft_nat)";
                case "tproxy" -> "CONFIG_NFT_TPROXY (module nft_tproxy)";
                case "reject" -> "CONFIG_NFT_REJECT_INET (module nft_reject_inet)";
                case "connlimit" -> "CONFIG_NFT_CONNLIMIT (module nft_connlimit)";
                case "queue" -> "CONFIG_NFT_QUEUE (module nft_queue)";
                case "log" -> "CONFIG_NFT_LOG (module nft_log)";
                case "notrack" -> "CONFIG_NFT_CT (module nft_ct)";
                default -> "";
            };
        }
        return "";
    }
}

package io.inpod.examples.ztunnel.dns;

/**
 * What is the same for the DNS proxies of all pods.
 *
 * @param domain the cluster's DNS domain, such as {@code cluster.local}
 * @param preferredNamespace the Kubernetes namespace whose service counts if several have the same hostname, or ""
 * @param ipv6 whether pods are given IPv6 addresses
 */
public record DnsSettings(String domain, String preferredNamespace, boolean ipv6) {}
